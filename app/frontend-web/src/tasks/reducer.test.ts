import { expect, test } from "vitest";
import { arrange, reduce, toItem, type State } from "./reducer";
import { parseTask, parseTasks } from "./task";

const milk = { id: "1", title: "Buy milk", done: false, createdAt: "2026-01-01T10:00:00Z" };
const ada = { id: "2", title: "Call Ada", done: false, createdAt: "2026-01-02T10:00:00Z" };
const loaded: State = { items: [toItem(milk), toItem(ada)] };

test("a new task shows at once and keeps its key when it gets its id", () => {
  const shown = reduce(loaded, { type: "added", task: { ...milk, id: "new-1" } });
  expect(shown.items[2]).toMatchObject({ key: "new-1", saving: true });
  const saved = reduce(shown, { type: "saved", key: "new-1", task: { ...milk, id: "3" } });
  expect(saved.items[2]).toMatchObject({ key: "new-1", id: "3", saving: false });
});

test("a new task that was refused goes away, with the reason", () => {
  const shown = reduce(loaded, { type: "added", task: { ...milk, id: "new-1" } });
  expect(reduce(shown, { type: "failed", key: "new-1", notice: "No." })).toEqual({ ...loaded, notice: "No." });
});

test("a completion that was refused is taken back", () => {
  const shown = reduce(loaded, { type: "completed", key: "1", done: true });
  expect(arrange(shown.items).done.map((item) => item.id)).toEqual(["1"]);
  const back = reduce(shown, { type: "failed", key: "1", before: loaded.items[0], notice: "No." });
  expect(arrange(back.items)).toEqual(arrange(loaded.items));
});

test("a deletion that was refused brings the task back to its place", () => {
  const shown = reduce(loaded, { type: "deleted", key: "2" });
  expect(shown.items.map((item) => item.id)).toEqual(["1"]);
  const back = reduce(shown, { type: "failed", key: "2", before: loaded.items[1], notice: "No." });
  expect(arrange(back.items)).toEqual(arrange(loaded.items));
});

test("open tasks come first, newest first; the notice can be dismissed", () => {
  expect(arrange(loaded.items).open.map((item) => item.id)).toEqual(["2", "1"]);
  expect(reduce({ ...loaded, notice: "No." }, { type: "dismissed" })).toEqual(loaded);
});

test("what is not a task is left out", () => {
  expect(parseTask({ id: 7, title: "a", done: true, created_at: "t" })).toEqual({ id: "7", title: "a", done: true, createdAt: "t" });
  expect(parseTasks({ items: [{ id: 7, title: "a" }, { title: "no id" }, null] })).toHaveLength(1);
  expect(parseTasks({ detail: "no" })).toBeUndefined();
});
