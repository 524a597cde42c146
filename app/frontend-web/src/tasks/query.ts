import { addDays } from "./day";
import { blank, parseTags, priorities, type Fields, type Priority } from "./task";

export const views = ["open", "today", "overdue", "done", "all"] as const;
export type View = (typeof views)[number];
export const viewNames: Record<View, string> = { open: "To do", today: "Today", overdue: "Overdue", done: "Done", all: "All" };

export const sorts = ["newest", "oldest", "due", "priority", "title"] as const;
export type Sort = (typeof sorts)[number];
export const sortNames: Record<Sort, string> = {
  newest: "Newest first",
  oldest: "Oldest first",
  due: "Due date",
  priority: "Priority",
  title: "Title",
};

/** Which tasks are on the screen, and in which order: all of it is in the page's address. */
export type Query = { view: View; q: string; priority: Priority[]; tags: string[]; sort: Sort };

export const pageSize = 50;

/** Reads the address; what it does not know is left out, so that an old or mistyped link still shows tasks. */
export function parseQuery(params: URLSearchParams): Query {
  const chosen = params.getAll("priority");
  return {
    view: views.find((view) => view === params.get("view")) ?? "open",
    q: (params.get("q") ?? "").trim().slice(0, 200),
    priority: priorities.filter((priority) => chosen.includes(priority)),
    tags: parseTags(params.getAll("tag").join(",")).slice(0, 20),
    sort: sorts.find((sort) => sort === params.get("sort")) ?? "newest",
  };
}

/** The address of a query: "/" for the default one. */
export function addressOf({ view, q, priority, tags, sort }: Query): string {
  const params = new URLSearchParams();
  if (view !== "open") params.set("view", view);
  if (q) params.set("q", q);
  for (const one of priority) params.append("priority", one);
  for (const one of tags) params.append("tag", one);
  if (sort !== "newest") params.set("sort", sort);
  return params.size > 0 ? `/?${params}` : "/";
}

/** True when something narrows the view. */
export function isNarrowed(query: Query): boolean {
  return query.q !== "" || query.priority.length > 0 || query.tags.length > 0;
}

/** How many tasks there are, and how many of them are shown. */
export function countText(query: Query, shown: number, total: number): string {
  if (total === 0) return isNarrowed(query) ? "No task matches" : "No tasks";
  const noun = `${total} ${total === 1 ? "task" : "tasks"}${isNarrowed(query) ? " found" : ""}`;
  return shown < total ? `${shown} of ${noun}` : noun;
}

/** The backend's parameters for one page. `today` is the reader's day. */
export function apiSearch({ view, q, priority, tags, sort }: Query, today: string, offset = 0, limit = pageSize): string {
  const params = new URLSearchParams({ limit: String(limit), offset: String(offset) });
  if (view === "open" || view === "today") params.set("done", "false");
  if (view === "done") params.set("done", "true");
  if (view === "today") {
    params.set("due_after", addDays(today, -1));
    params.set("due_before", addDays(today, 1));
  }
  if (view === "overdue") {
    params.set("overdue", "true");
    params.set("today", today);
  }
  if (q) params.set("q", q);
  for (const one of priority) params.append("priority", one);
  for (const one of tags) params.append("tag", one);
  if (sort === "oldest") params.set("order", "asc");
  params.set("sort", sort === "newest" || sort === "oldest" ? "created" : sort);
  return params.toString();
}

/** Whether the backend would list the task; used for what it has not answered yet. */
export function matches(task: Fields, { view, q, priority, tags }: Query, today: string): boolean {
  const text = `${task.title}\n${task.notes ?? ""}`.toLowerCase();
  const inView: Record<View, boolean> = {
    all: true,
    open: !task.done,
    done: task.done,
    today: !task.done && task.dueDate === today,
    overdue: !task.done && task.dueDate !== null && task.dueDate < today,
  };
  return (
    inView[view] &&
    text.includes(q.toLowerCase()) &&
    (priority.length === 0 || priority.includes(task.priority)) &&
    tags.every((tag) => task.tags.includes(tag))
  );
}

/** A new task takes over what the list is narrowed to, so that it belongs where it was written. */
export function newFields(title: string, { view, priority, tags }: Query, today: string): Fields {
  const only = priority.length === 1 ? priority[0] : undefined;
  return { ...blank, title, tags, priority: only ?? blank.priority, dueDate: view === "today" ? today : null };
}
