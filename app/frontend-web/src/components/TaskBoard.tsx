"use client";

import { arrange, type Item } from "@/tasks/reducer";
import type { Task } from "@/tasks/task";
import { useTasks } from "@/tasks/useTasks";
import { AddTask } from "./AddTask";
import { Icon } from "./Icon";
import { Notice } from "./Notice";
import { TaskItem } from "./TaskItem";
import { TaskSkeleton } from "./TaskSkeleton";

/** The list with everything that can be done to it. Give it the tasks, or the reason why there are none to show. */
export function TaskBoard({ tasks, problem }: { tasks?: Task[]; problem?: string }) {
  const list = useTasks(tasks, problem);
  if (list.loading) return <TaskSkeleton />;
  if (list.problem) return <LoadFailed text={list.problem} onRetry={list.reload} />;

  const { open, done } = arrange(list.items);
  const actions = {
    onComplete: list.complete,
    onDelete: (item: Item) => {
      // The button that had the focus is about to go.
      document.getElementById("new-task")?.focus();
      list.remove(item);
    },
  };
  return (
    <>
      <p className="mt-2 text-muted">{summary(open.length, done.length)}</p>
      <AddTask onAdd={list.add} />
      <div role="alert">
        {list.notice ? (
          <div className="mt-4">
            <Notice text={list.notice}>
              <button type="button" onClick={list.dismiss} className="button -my-1 -mr-1.5 p-1.5" aria-label="Dismiss">
                <Icon name="close" className="size-4.5" />
              </button>
            </Notice>
          </div>
        ) : null}
      </div>
      {list.items.length === 0 ? <Empty /> : null}
      {open.length > 0 ? (
        <ul aria-label="Open tasks" className="card mt-6 divide-y divide-line">
          {open.map((item) => (
            <TaskItem key={item.key} item={item} {...actions} />
          ))}
        </ul>
      ) : null}
      {done.length > 0 ? (
        <section aria-labelledby="completed" className="mt-8">
          <h2 id="completed" className="px-1 text-sm font-medium text-muted">
            Completed · {done.length}
          </h2>
          <ul className="card mt-2 divide-y divide-line">
            {done.map((item) => (
              <TaskItem key={item.key} item={item} {...actions} />
            ))}
          </ul>
        </section>
      ) : null}
      <p className="sr-only" role="status">
        {list.announcement}
      </p>
    </>
  );
}

function summary(open: number, done: number): string {
  if (open + done === 0) return "A fresh start.";
  if (open === 0) return "All done. Well done.";
  return `${open} to do${done > 0 ? `, ${done} completed` : ""}`;
}

function Empty() {
  return (
    <div className="mt-6 grid justify-items-center gap-3 rounded-2xl border border-dashed border-line px-6 py-14 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-tint text-accent">
        <Icon name="check" className="size-7" />
      </span>
      <h2 className="text-lg font-medium">Nothing to do yet</h2>
      <p className="max-w-sm text-balance text-muted">Write your first task above and press Enter.</p>
    </div>
  );
}

function LoadFailed({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div role="alert" className="card mt-6 grid justify-items-center gap-3 px-6 py-12 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-danger-tint text-danger">
        <Icon name="alert" className="size-7" />
      </span>
      <h2 className="text-lg font-medium">Your tasks could not be loaded</h2>
      <p className="max-w-sm text-balance text-muted">{text}</p>
      <button type="button" onClick={onRetry} className="button button-primary mt-2">
        Try again
      </button>
    </div>
  );
}
