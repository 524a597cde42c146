export type Task = { id: string; title: string; done: boolean; createdAt: string };

/** Longest title the form takes. */
export const maxTitle = 200;

/** A task from the backend's JSON, or undefined when it is not one. */
export function parseTask(value: unknown): Task | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, title, done, created_at } = value as Record<string, unknown>;
  if ((typeof id !== "string" && typeof id !== "number") || typeof title !== "string") return undefined;
  return { id: String(id), title, done: done === true, createdAt: typeof created_at === "string" ? created_at : "" };
}

/** The tasks of a list answer; undefined when the answer is not a list. */
export function parseTasks(value: unknown): Task[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { items } = value as Record<string, unknown>;
  return Array.isArray(items) ? items.map(parseTask).filter((task) => task !== undefined) : undefined;
}
