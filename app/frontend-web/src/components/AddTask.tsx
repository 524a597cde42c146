"use client";

import { useRef, type FormEvent } from "react";
import { useStored } from "@/tasks/stored";
import { limits } from "@/tasks/task";
import { Icon } from "./Icon";

/** One line and a button. The line is cleared at once and keeps the focus, so that several tasks can be typed in a row. */
export function AddTask({ account, onAdd }: { account: string; onAdd: (title: string) => void }) {
  const [title, setTitle] = useStored("new", account);
  const field = useRef<HTMLInputElement>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const text = title.trim();
    if (text) onAdd(text);
    setTitle("");
    field.current?.focus();
  }

  return (
    // method="post" so that a press before the page's scripts have loaded does not put the text in the address.
    <form method="post" onSubmit={submit} className="relative mt-6">
      <label htmlFor="new-task" className="sr-only">
        New task
      </label>
      <Icon name="plus" className="pointer-events-none absolute top-4.5 left-4 size-5 text-accent" />
      <input
        id="new-task"
        ref={field}
        className="field h-14 rounded-2xl pr-20 pl-12 sm:pr-30 text-lg"
        value={title}
        onChange={(event) => setTitle(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        placeholder="What needs doing?"
        maxLength={limits.title}
        autoComplete="off"
        enterKeyHint="done"
        aria-keyshortcuts="n"
      />
      <button type="submit" className="button button-primary absolute top-1.5 right-1.5 h-11 rounded-xl">
        <span>
          Add<span className="sr-only sm:not-sr-only"> task</span>
        </span>
      </button>
    </form>
  );
}
