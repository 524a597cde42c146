"use client";

import { useRouter } from "next/navigation";
import { useReducer, useState } from "react";
import { reduce, toItem, type Item } from "./reducer";
import { request, RequestError } from "./request";
import { parseTask, parseTasks, type Task } from "./task";

/** The task list and what can be done with it. Changes show at once and are taken back when the server refuses them. */
export function useTasks(initial: Task[] | undefined, initialProblem: string | undefined) {
  const router = useRouter();
  const [state, dispatch] = useReducer(reduce, { items: initial?.map(toItem) ?? [] });
  const [problem, setProblem] = useState(initialProblem);
  const [loading, setLoading] = useState(false);
  const [announcement, announce] = useState("");

  /** The reason in words. A session that has ended leads to the sign-in page. */
  function explain(error: unknown): string {
    if (error instanceof RequestError && error.status === 401) router.replace("/sign-in");
    return error instanceof Error ? error.message : String(error);
  }

  function failed(key: string, before: Item | undefined, what: string, error: unknown) {
    dispatch({ type: "failed", key, before, notice: `${what} ${explain(error)}` });
  }

  return {
    items: state.items,
    notice: state.notice,
    problem,
    loading,
    announcement,
    dismiss: () => dispatch({ type: "dismissed" }),

    async reload() {
      setLoading(true);
      try {
        const tasks = parseTasks(await request("/api/tasks"));
        dispatch({ type: "loaded", tasks: tasks ?? [] });
        setProblem(undefined);
      } catch (error) {
        setProblem(explain(error));
      } finally {
        setLoading(false);
      }
    },

    async add(title: string) {
      const key = `new-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
      dispatch({ type: "added", task: { id: key, title, done: false, createdAt: new Date().toISOString() } });
      announce(`Added “${title}”.`);
      try {
        const task = parseTask(await request("/api/tasks", "POST", { title }));
        if (!task) throw new Error("The server's answer was not a task.");
        dispatch({ type: "saved", key, task });
      } catch (error) {
        failed(key, undefined, `“${title}” was not added.`, error);
      }
    },

    async complete(item: Item, done: boolean) {
      dispatch({ type: "completed", key: item.key, done });
      announce(`${done ? "Completed" : "Reopened"} “${item.title}”.`);
      try {
        const task = parseTask(await request(`/api/tasks/${item.id}`, "PATCH", { done }));
        dispatch({ type: "saved", key: item.key, task: task ?? { ...item, done } });
      } catch (error) {
        failed(item.key, item, `“${item.title}” was not changed.`, error);
      }
    },

    async remove(item: Item) {
      dispatch({ type: "deleted", key: item.key });
      announce(`Deleted “${item.title}”.`);
      try {
        await request(`/api/tasks/${item.id}`, "DELETE");
      } catch (error) {
        failed(item.key, item, `“${item.title}” was not deleted.`, error);
      }
    },
  };
}
