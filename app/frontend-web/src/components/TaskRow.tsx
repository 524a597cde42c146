"use client";

import { describeDue, longDay } from "@/tasks/day";
import type { Draft } from "@/tasks/draft";
import type { Item } from "@/tasks/operations";
import { Icon } from "./Icon";
import { TaskEditor } from "./TaskEditor";

export type RowActions = {
  onComplete: (item: Item, done: boolean) => void;
  onDelete: (item: Item) => void;
  onEdit: (item: Item) => void;
  onTag: (tag: string) => void;
  onDraft: (draft: Draft) => void;
  onSave: (draft: Draft) => void;
  onCancel: (draft: Draft) => void;
};

type Props = RowActions & { item: Item; today: string; draft?: Draft };

/** One task. The shortcuts find it, and the controls in it, by the data attributes. */
export function TaskRow({ item, today, draft, ...actions }: Props) {
  return (
    <li data-task={item.key} className="task-row group relative flex items-start gap-3 px-4 py-3.5" aria-busy={item.pending || undefined}>
      <span className="relative mt-px grid size-6 shrink-0 place-items-center">
        <input
          type="checkbox"
          data-toggle
          aria-label={item.title}
          checked={item.done}
          onChange={(event) => actions.onComplete(item, event.target.checked)}
          // Larger than it looks: easy to hit with a finger.
          className="peer size-6 cursor-pointer appearance-none rounded-full border-2 border-edge transition-colors before:absolute before:-inset-2.5 before:content-[''] checked:border-accent checked:bg-accent hover:border-accent"
        />
        <span className="pointer-events-none absolute text-on-accent opacity-0 peer-checked:opacity-100">
          <Icon name="check" className="size-4 stroke-3" />
        </span>
      </span>
      <div className="min-w-0 flex-1">
        {draft ? (
          <TaskEditor
            draft={draft}
            onChange={actions.onDraft}
            onSave={() => actions.onSave(draft)}
            onCancel={() => actions.onCancel(draft)}
          />
        ) : (
          <>
            <button
              type="button"
              data-edit
              onClick={() => actions.onEdit(item)}
              aria-label={`Edit “${item.title}”`}
              className={`block w-full cursor-text rounded text-left leading-6.5 wrap-anywhere ${item.done ? "text-muted line-through decoration-1" : ""}`}
            >
              {item.title}
            </button>
            <Details item={item} today={today} onTag={actions.onTag} />
          </>
        )}
      </div>
      {draft ? null : (
        <button
          type="button"
          data-delete
          onClick={() => actions.onDelete(item)}
          className="button button-quiet -my-2 -mr-2 p-2.5 group-focus-within:opacity-100 group-hover:opacity-100 hover:text-danger pointer-fine:opacity-0"
          aria-label={`Delete “${item.title}”`}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
}

const tones = { overdue: "font-medium text-danger", today: "font-medium text-accent", later: "text-muted" };

function Details({ item, today, onTag }: { item: Item; today: string; onTag: (tag: string) => void }) {
  const { notes, priority, tags, dueDate, done } = item;
  if (!notes && !dueDate && priority === "medium" && tags.length === 0) return null;
  const due = dueDate ? describeDue(dueDate, today, done) : undefined;
  return (
    <div className="mt-1 text-sm text-muted">
      {notes ? <p className="mb-1 line-clamp-2 whitespace-pre-line wrap-anywhere">{notes}</p> : null}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {due && dueDate ? (
          <span className={`inline-flex items-center gap-1.5 ${tones[due.tone]}`}>
            <Icon name="calendar" className="size-4" />
            <span className="sr-only">{due.tone === "overdue" ? "Overdue:" : "Due:"}</span>
            <time dateTime={dueDate} title={longDay(dueDate)}>
              {due.text}
            </time>
          </span>
        ) : null}
        {priority === "medium" ? null : (
          <span className={`inline-flex items-center gap-1.5 ${priority === "high" ? "font-medium text-ink" : ""}`}>
            <Icon name="flag" className={`size-4 ${priority === "high" ? "fill-current" : ""}`} />
            {priority === "high" ? "High" : "Low"}
            <span className="sr-only">priority</span>
          </span>
        )}
        {tags.map((tag) => (
          <button
            key={tag}
            type="button"
            onClick={() => onTag(tag)}
            className="max-w-full cursor-pointer truncate rounded-full bg-ink/6 px-2.5 py-0.5 hover:text-ink hover:underline"
            aria-label={`Show tasks tagged ${tag}`}
          >
            {tag}
          </button>
        ))}
      </div>
    </div>
  );
}
