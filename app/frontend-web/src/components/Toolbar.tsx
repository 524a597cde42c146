"use client";

import { useId, useState, type FormEvent } from "react";
import { sortNames, sorts, type Query, type Sort } from "@/tasks/query";
import { parseTags, priorities, type Priority } from "@/tasks/task";
import { Icon } from "./Icon";
import { SearchField } from "./SearchField";

export const priorityNames: Record<Priority, string> = { high: "High", medium: "Medium", low: "Low" };

type Props = { query: Query; tags: string[]; onGo: (query: Query, replace?: boolean) => void };

/** Search, filter and order. `tags` are those of the tasks in sight, to choose from. */
export function Toolbar({ query, tags, onGo }: Props) {
  const [open, setOpen] = useState(query.priority.length + query.tags.length > 0);
  const panel = useId();
  const narrowed = query.priority.length + query.tags.length;
  return (
    <div className="mt-4">
      <div className="flex flex-wrap items-center gap-2">
        <SearchField text={query.q} onSearch={(q) => onGo({ ...query, q }, true)} />
        <div className="flex flex-1 gap-2 sm:flex-none">
          <button
            type="button"
            aria-expanded={open}
            aria-controls={panel}
            onClick={() => setOpen(!open)}
            className="button button-line flex-1 aria-expanded:bg-raised sm:flex-none"
          >
            <Icon name="filter" />
            Filter{narrowed > 0 ? <span className="sr-only">, {narrowed} in use</span> : null}
            {narrowed > 0 ? (
              <span aria-hidden="true" className="grid size-5 place-items-center rounded-full bg-accent text-xs text-on-accent">
                {narrowed}
              </span>
            ) : null}
          </button>
          <label className="flex-1 sm:w-40 sm:flex-none">
            <span className="sr-only">Sort by</span>
            <select
              className="field h-11 w-full cursor-pointer truncate py-0 pr-2 pl-3"
              value={query.sort}
              onChange={(event) => onGo({ ...query, sort: event.target.value as Sort })}
            >
              {sorts.map((sort) => (
                <option key={sort} value={sort}>
                  {sortNames[sort]}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
      <div id={panel} hidden={!open} className="card mt-2 grid gap-4 p-4 sm:grid-cols-[auto_1fr] sm:gap-8">
        <PriorityFilter query={query} onGo={onGo} />
        <TagFilter query={query} tags={tags} onGo={onGo} />
      </div>
    </div>
  );
}

function PriorityFilter({ query, onGo }: Omit<Props, "tags">) {
  function toggle(priority: Priority, on: boolean) {
    onGo({ ...query, priority: priorities.filter((one) => (one === priority ? on : query.priority.includes(one))) });
  }
  return (
    <fieldset>
      <legend className="text-sm font-medium text-muted">Priority</legend>
      <div className="mt-2 flex flex-wrap gap-2">
        {priorities.map((priority) => (
          <label key={priority} className="chip cursor-pointer">
            <input
              type="checkbox"
              className="accent-accent size-4"
              checked={query.priority.includes(priority)}
              onChange={(event) => toggle(priority, event.target.checked)}
            />
            {priorityNames[priority]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function TagFilter({ query, tags, onGo }: Props) {
  const all = [...new Set([...query.tags, ...tags])].sort().slice(0, 24);
  function toggle(tag: string, on: boolean) {
    const others = query.tags.filter((one) => one !== tag);
    onGo({ ...query, tags: on ? [...others, tag] : others });
  }
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const written = parseTags(String(new FormData(event.currentTarget).get("tag") ?? ""));
    event.currentTarget.reset();
    onGo({ ...query, tags: [...new Set([...query.tags, ...written])] });
  }
  return (
    <fieldset className="min-w-0">
      <legend className="text-sm font-medium text-muted">Tags</legend>
      <div className="mt-2 flex flex-wrap gap-2">
        {all.map((tag) => (
          <label key={tag} className="chip max-w-full cursor-pointer">
            <input
              type="checkbox"
              className="accent-accent size-4 shrink-0"
              checked={query.tags.includes(tag)}
              onChange={(event) => toggle(tag, event.target.checked)}
            />
            <span className="truncate">{tag}</span>
          </label>
        ))}
        <form method="post" onSubmit={submit}>
          <input name="tag" aria-label="Another tag" placeholder="Another tag" maxLength={40} autoComplete="off" className="chip-field" />
        </form>
      </div>
    </fieldset>
  );
}
