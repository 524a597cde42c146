import type { Task } from "./task";

/** A task on the screen. `key` stays the same when a new task gets its id; `saving` while the server has not confirmed it. */
export type Item = Task & { key: string; saving: boolean };

export type State = { items: Item[]; notice?: string };

// Each change shows at once. When the server refuses it, `failed` puts the item back as it was before.
export type Action =
  | { type: "loaded"; tasks: Task[] }
  | { type: "added"; task: Task }
  | { type: "completed"; key: string; done: boolean }
  | { type: "deleted"; key: string }
  | { type: "saved"; key: string; task: Task }
  | { type: "failed"; key: string; before?: Item; notice: string }
  | { type: "dismissed" };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "loaded":
      return { items: action.tasks.map(toItem) };
    case "added":
      return { items: [...state.items, { ...toItem(action.task), saving: true }] };
    case "completed":
      return { ...state, items: replace(state.items, action.key, { done: action.done, saving: true }) };
    case "deleted":
      return { ...state, items: without(state.items, action.key) };
    case "saved":
      return { ...state, items: replace(state.items, action.key, { ...action.task, saving: false }) };
    case "failed": {
      const others = without(state.items, action.key);
      return { items: action.before ? [...others, action.before] : others, notice: action.notice };
    }
    case "dismissed":
      return { items: state.items };
  }
}

export function toItem(task: Task): Item {
  return { ...task, key: task.id, saving: false };
}

/** What the screen shows: open tasks, then completed ones; newest first in each. */
export function arrange(items: Item[]): { open: Item[]; done: Item[] } {
  // The text is ISO 8601, whose order is the order in time.
  const newestFirst = [...items].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  return { open: newestFirst.filter((item) => !item.done), done: newestFirst.filter((item) => item.done) };
}

function replace(items: Item[], key: string, change: Partial<Item>): Item[] {
  return items.map((item) => (item.key === key ? { ...item, ...change } : item));
}

function without(items: Item[], key: string): Item[] {
  return items.filter((item) => item.key !== key);
}
