"use client";

import { useRef, useState, type FormEvent } from "react";
import { maxTitle } from "@/tasks/task";
import { Icon } from "./Icon";

/** One line and a button. The line is cleared at once and keeps the focus, so that several tasks can be typed in a row. */
export function AddTask({ onAdd }: { onAdd: (title: string) => void }) {
  const [title, setTitle] = useState("");
  const field = useRef<HTMLInputElement>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const text = title.trim();
    if (text) {
      onAdd(text);
      setTitle("");
    }
    field.current?.focus();
  }

  return (
    // method="post" so that a press before the page's scripts have loaded does not put the text in the address.
    <form method="post" onSubmit={submit} className="mt-6 flex gap-2">
      <label htmlFor="new-task" className="sr-only">
        New task
      </label>
      <input
        id="new-task"
        ref={field}
        className="field h-12 shadow-sm"
        value={title}
        onChange={(event) => setTitle(event.target.value)}
        placeholder="What needs doing?"
        maxLength={maxTitle}
        autoComplete="off"
        enterKeyHint="done"
      />
      <button type="submit" className="button button-primary h-12 shrink-0 px-3.5 sm:px-5">
        <Icon name="plus" />
        <span className="sr-only sm:not-sr-only sm:whitespace-nowrap">Add task</span>
      </button>
    </form>
  );
}
