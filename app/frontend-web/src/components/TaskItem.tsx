"use client";

import type { Item } from "@/tasks/reducer";
import { Icon } from "./Icon";

type Props = { item: Item; onComplete: (item: Item, done: boolean) => void; onDelete: (item: Item) => void };

export function TaskItem({ item, onComplete, onDelete }: Props) {
  return (
    <li className="group flex items-start gap-3 px-4 py-3" aria-busy={item.saving}>
      <label className="flex min-w-0 flex-1 cursor-pointer items-start gap-3 py-0.5">
        <span className="relative mt-px grid size-6 shrink-0 place-items-center">
          <input
            type="checkbox"
            checked={item.done}
            // Not `disabled` while a change is on its way, which would take the focus from a keyboard user.
            onChange={(event) => item.saving || onComplete(item, event.target.checked)}
            className="peer size-6 cursor-pointer appearance-none rounded-full border-2 border-edge transition-colors checked:border-accent checked:bg-accent hover:border-accent"
          />
          <span className="pointer-events-none absolute text-on-accent opacity-0 peer-checked:opacity-100">
            <Icon name="check" className="size-4 stroke-3" />
          </span>
        </span>
        <span className={`min-w-0 leading-6.5 wrap-anywhere ${item.done ? "text-muted line-through" : ""}`}>{item.title}</span>
      </label>
      <button
        type="button"
        onClick={() => item.saving || onDelete(item)}
        className="button button-quiet -my-1 -mr-2 p-2.5 hover:text-danger"
        aria-label={`Delete “${item.title}”`}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}
