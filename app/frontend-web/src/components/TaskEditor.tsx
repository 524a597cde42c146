"use client";

import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { finished, type Draft } from "@/tasks/draft";
import { limits, priorities, validate, type Fields } from "@/tasks/task";
import { priorityNames } from "./Toolbar";

type Props = { draft: Draft; onChange: (draft: Draft) => void; onSave: () => void; onCancel: () => void };

/** All fields of one task, where the task is. Enter saves, Escape leaves; in the notes Enter is a new line and Ctrl+Enter saves. */
export function TaskEditor({ draft, onChange, onSave, onCancel }: Props) {
  const id = useId();
  const title = useRef<HTMLInputElement>(null);
  const [tried, setTried] = useState(false);
  const problems = tried ? validate(finished(draft)) : {};
  const { fields } = draft;

  useEffect(() => title.current?.focus(), []);

  function set(change: Partial<Fields>) {
    onChange({ ...draft, fields: { ...fields, ...change } });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    const [first] = Object.keys(validate(finished(draft)));
    if (first) document.getElementById(`${id}-${first}`)?.focus();
    else onSave();
  }

  function press(event: KeyboardEvent<HTMLFormElement>) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      onCancel();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.currentTarget.requestSubmit();
    }
  }

  return (
    <form method="post" aria-label="Edit task" onSubmit={submit} onKeyDown={press} className="grid gap-4 pb-2" noValidate>
      <div>
        <input
          ref={title}
          id={`${id}-title`}
          aria-label="Title"
          aria-invalid={problems.title ? true : undefined}
          aria-describedby={problems.title ? `${id}-title-problem` : undefined}
          className="w-full border-b border-edge bg-transparent pb-0.5 leading-6.5 focus-visible:outline-offset-4"
          value={fields.title}
          maxLength={limits.title}
          autoComplete="off"
          onChange={(event) => set({ title: event.target.value })}
        />
        <Problem id={`${id}-title-problem`} text={problems.title} />
      </div>
      <label className="label">
        Notes
        <textarea
          className="field max-h-80 min-h-20 text-base field-sizing-content"
          rows={2}
          value={fields.notes ?? ""}
          maxLength={limits.notes}
          onChange={(event) => set({ notes: event.target.value })}
        />
      </label>
      <div className="grid gap-4 sm:grid-cols-[auto_1fr]">
        <div className="label">
          <span id={`${id}-priority`}>Priority</span>
          <div role="radiogroup" aria-labelledby={`${id}-priority`} className="flex h-11 rounded-lg border border-edge p-1">
            {[...priorities].reverse().map((priority) => (
              <label key={priority} className="segment">
                <input
                  type="radio"
                  name={`${id}-priority`}
                  className="sr-only"
                  checked={fields.priority === priority}
                  onChange={() => set({ priority })}
                />
                {priorityNames[priority]}
              </label>
            ))}
          </div>
        </div>
        <label className="label">
          Due date
          <input
            type="date"
            className="field h-11 min-w-0 py-0 text-base"
            value={fields.dueDate ?? ""}
            onChange={(event) => set({ dueDate: event.target.value || null })}
          />
        </label>
      </div>
      <div className="label">
        <label htmlFor={`${id}-tags`}>Tags</label>
        <input
          id={`${id}-tags`}
          className="field h-11 py-0 text-base"
          value={draft.tagsText}
          autoComplete="off"
          autoCapitalize="none"
          aria-invalid={problems.tags ? true : undefined}
          aria-describedby={`${id}-tags-hint`}
          onChange={(event) => onChange({ ...draft, tagsText: event.target.value })}
        />
        <p id={`${id}-tags-hint`} className={problems.tags ? "text-danger" : "text-muted"}>
          {problems.tags ?? "With commas between, such as home, shopping."}
        </p>
      </div>
      <div className="flex gap-2">
        <button type="submit" className="button button-primary">
          Save
        </button>
        <button type="button" onClick={onCancel} className="button button-quiet">
          Cancel
        </button>
      </div>
    </form>
  );
}

function Problem({ id, text }: { id: string; text?: string }) {
  return text ? (
    <p id={id} role="alert" className="mt-1 text-sm text-danger">
      {text}
    </p>
  ) : null;
}
