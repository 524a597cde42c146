export const priorities = ["high", "medium", "low"] as const;
export type Priority = (typeof priorities)[number];

/** What a person can write in a task. `dueDate` is a calendar day such as 2026-11-30, without a time or a zone. */
export type Fields = { title: string; notes: string | null; priority: Priority; tags: string[]; dueDate: string | null; done: boolean };
export type Task = Fields & { id: string; createdAt: string };

// The backend's limits, so that the form says no before the backend has to.
export const limits = { title: 200, notes: 10_000, tags: 20, tag: 40 };

export const blank: Fields = { title: "", notes: null, priority: "medium", tags: [], dueDate: null, done: false };

/** A task from the backend's JSON, or undefined when it is not one. */
export function parseTask(value: unknown): Task | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, title, notes, priority, tags, due_date, done, created_at } = value as Record<string, unknown>;
  if ((typeof id !== "string" && typeof id !== "number") || typeof title !== "string") return undefined;
  return {
    id: String(id),
    title,
    notes: typeof notes === "string" ? notes : null,
    priority: priorities.find((known) => known === priority) ?? "medium",
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [],
    dueDate: typeof due_date === "string" ? due_date : null,
    done: done === true,
    createdAt: typeof created_at === "string" ? created_at : "",
  };
}

export type Page = { tasks: Task[]; total: number };

/** One page of a list answer; undefined when the answer is not a list. */
export function parsePage(value: unknown): Page | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { items, total } = value as Record<string, unknown>;
  if (!Array.isArray(items)) return undefined;
  const tasks = items.map(parseTask).filter((task) => task !== undefined);
  return { tasks, total: typeof total === "number" ? total : tasks.length };
}

/** Fields as the backend names them; what is not given stays out. */
export function toBody({ dueDate, ...rest }: Partial<Fields>): Record<string, unknown> {
  return dueDate === undefined ? rest : { ...rest, due_date: dueDate };
}

/** Tags from "Home,  Shopping, home": lower case, single spaces, no repetitions, as the backend keeps them. */
export function parseTags(text: string): string[] {
  const tags = text.split(",").map((tag) => tag.trim().replace(/\s+/g, " ").toLowerCase().normalize("NFC"));
  return [...new Set(tags.filter(Boolean))];
}

/** What is wrong with the fields, by field; empty when nothing is. */
export function validate(fields: Fields): Partial<Record<keyof Fields, string>> {
  const problems: Partial<Record<keyof Fields, string>> = {};
  if (!fields.title.trim()) problems.title = "A task needs a title.";
  const long = fields.tags.find((tag) => [...tag].length > limits.tag);
  if (long) problems.tags = `“${long}” is longer than ${limits.tag} characters.`;
  else if (fields.tags.length > limits.tags) problems.tags = `At most ${limits.tags} tags, these are ${fields.tags.length}.`;
  return problems;
}

/** The fields of `after` that differ from `before`. */
export function difference(before: Fields, after: Fields): Partial<Fields> {
  const keys = Object.keys(after) as (keyof Fields)[];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return Object.fromEntries(changed.map((key) => [key, after[key]]));
}

export function fieldsOf({ title, notes, priority, tags, dueDate, done }: Fields): Fields {
  return { title, notes, priority, tags, dueDate, done };
}
