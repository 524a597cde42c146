"use client";

import { useRef, useState } from "react";
import { longDay } from "@/tasks/day";
import { finished, parseDraft, startDraft, type Draft } from "@/tasks/draft";
import type { Item } from "@/tasks/operations";
import { countText, viewNames } from "@/tasks/query";
import type { Start } from "@/tasks/snapshot";
import { useStored } from "@/tasks/stored";
import { useTaskStore } from "@/tasks/useTaskStore";
import { ActiveFilters } from "./ActiveFilters";
import { AddTask } from "./AddTask";
import { focusBeside, useLostFocus } from "./focus";
import { HelpDialog } from "./HelpDialog";
import { Empty, LoadFailed } from "./ListStates";
import { useShortcuts, useShortcutsOn } from "./shortcuts";
import { ListSkeleton } from "./TaskSkeleton";
import { TaskRow, type RowActions } from "./TaskRow";
import { Toasts } from "./Toasts";
import { Toolbar } from "./Toolbar";
import { ViewNav } from "./ViewNav";

/** The list with everything that can be done to it. `start` is what the server knows: the first page, or why there is none. */
export function TaskBoard({ start }: { start: Start }) {
  const { account } = start;
  const { store, snapshot, query, today, go } = useTaskStore(start);
  const { items, total, loading, problem } = snapshot;
  const [stored, setStored] = useStored("edit", account);
  const draft = stored ? parseDraft(stored) : undefined;
  const [dropped, setDropped] = useState<Draft>();
  const [help, setHelp] = useState(false);
  const [shortcuts] = useShortcutsOn();
  useShortcuts({ undo: () => store.undo(), help: () => setHelp(true) });
  const heading = useRef<HTMLHeadingElement>(null);
  // "Load more" goes with the last page: what it loaded is where it was.
  useLostFocus((lost) => (lost.matches("[data-more]") ? lastToggle() : heading.current));

  function remove(removed: Item[]) {
    store.remove(removed, shortcuts ? "Press u to undo." : "Undo is at the end of the page.");
  }

  function save(saved: Draft) {
    store.change({ ...saved.task, key: saved.task.id, pending: false }, finished(saved));
  }

  const actions: RowActions = {
    onComplete: (item, done) => store.complete(item, done),
    onDelete: (item) => {
      if (!focusBeside(inRow(item), "[data-toggle]")) document.getElementById("new-task")?.focus();
      remove([item]);
    },
    onEdit: (item) => {
      // One editor at a time; what was typed in the other one is kept.
      if (draft && draft.task.id !== item.id && finished(draft).title) save(draft);
      setStored(JSON.stringify(startDraft(item)));
    },
    onTag: (tag) => go({ ...query, tags: [...new Set([...query.tags, tag])] }),
    onDraft: (next) => setStored(JSON.stringify(next)),
    onSave: (saved) => {
      save(saved);
      close(saved);
    },
    onCancel: (left) => {
      const changed = JSON.stringify(left) !== JSON.stringify(startDraft(left.task));
      setDropped(changed ? left : undefined);
      close(left);
    },
  };

  function close(left: Draft) {
    setStored("");
    const row = items.find((item) => item.id === left.task.id);
    if (row) requestAnimationFrame(() => inRow(row, "[data-edit]")?.focus());
  }

  const done = items.filter((item) => item.done);
  const allShown = items.length >= total || problem !== undefined;
  return (
    <div className="lg:grid lg:grid-cols-[11rem_minmax(0,1fr)] lg:gap-10">
      <div className="lg:sticky lg:top-8 lg:self-start">
        <ViewNav query={query} onGo={go} />
        <button type="button" onClick={() => setHelp(true)} className="button button-quiet mt-6 hidden text-sm lg:pointer-fine:inline-flex">
          <kbd className="key">?</kbd> Shortcuts
        </button>
      </div>
      <div className="mt-5 min-w-0 lg:mt-0">
        <p className="text-muted">{longDay(today)}</p>
        <h1 ref={heading} tabIndex={-1} className="title mt-1 outline-none">
          {viewNames[query.view]}
        </h1>
        <AddTask account={account} onAdd={(title) => store.add(title)} />
        <Toolbar query={query} tags={items.flatMap((item) => item.tags)} onGo={go} />
        <ActiveFilters query={query} onGo={go} />

        {problem ? <LoadFailed text={problem} trying={loading} onRetry={() => void store.load()} /> : null}
        {!problem && loading && items.length === 0 ? <ListSkeleton /> : null}
        {(problem || loading) && items.length === 0 ? null : (
          <section aria-label="Tasks" aria-busy={loading} className={`mt-5 ${loading ? "opacity-60 transition-opacity delay-200" : ""}`}>
            <div className="flex min-h-11 items-center justify-between px-1">
              <p className="text-sm text-muted">{problem ? "Not sent yet" : total > 0 ? countText(query, items.length, total) : null}</p>
              {query.view === "done" && allShown && done.length > 1 && !loading ? (
                <button type="button" className="button button-quiet text-sm" onClick={() => remove(done)}>
                  Delete these {done.length}
                </button>
              ) : null}
            </div>
            {items.length === 0 ? <Empty query={query} onClear={() => go({ ...query, q: "", priority: [], tags: [] })} /> : null}
            {items.length > 0 ? (
              <ul aria-label="Tasks" className="card divide-y divide-line overflow-clip">
                {items.map((item) => (
                  <TaskRow key={item.key} item={item} today={today} draft={draft?.task.id === item.id ? draft : undefined} {...actions} />
                ))}
              </ul>
            ) : null}
            {!allShown ? (
              <button
                type="button"
                data-more
                className="button button-line mx-auto mt-5 flex"
                aria-disabled={snapshot.loadingMore}
                onClick={() => void store.more()}
              >
                {snapshot.loadingMore ? "Loading…" : "Load more"}
              </button>
            ) : null}
          </section>
        )}
      </div>
      <Toasts
        store={store}
        snapshot={snapshot}
        dropped={dropped}
        onBringBack={(back) => {
          setDropped(undefined);
          setStored(JSON.stringify(back));
        }}
        onForget={() => setDropped(undefined)}
      />
      <p className="sr-only" role="status">
        {snapshot.announcement}
      </p>
      {help ? <HelpDialog onClose={() => setHelp(false)} /> : null}
    </div>
  );
}

function lastToggle(): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>("[data-task] [data-toggle]")].at(-1);
}

/** A control in the row of a task; without one, the row. */
function inRow(item: Item, control = ""): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-task="${item.key}"] ${control}`.trim());
}
