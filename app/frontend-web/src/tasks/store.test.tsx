import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeServer } from "../../test/fakeServer";
import { parseQuery } from "./query";
import { TaskStore, undoMs } from "./store";
import { parsePage } from "./task";

const today = "2026-11-23";
const query = (search = "") => parseQuery(new URLSearchParams(search));
let server: FakeServer;
const stops: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-23T10:00:00Z") });
  server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function open(search = ""): TaskStore {
  const page = parsePage({ items: server.rows.slice(0, 50), total: server.rows.length });
  const store = new TaskStore({ query: query(search), today, account: "ada@example.com", page });
  stops.push(store.start());
  return store;
}
const titles = (store: TaskStore) => store.snapshot().items.map((item) => item.title);
const first = (store: TaskStore) => store.snapshot().items[0]!;
const settle = () => vi.advanceTimersByTimeAsync(20);

test("a new task shows at once, keeps its row when it gets its id, and can be changed meanwhile", async () => {
  const store = open();
  store.add("Buy milk");
  const { key } = first(store);
  expect(store.snapshot()).toMatchObject({ total: 1, items: [{ title: "Buy milk", pending: true }] });
  store.complete(first(store), true);
  await settle();
  expect(first(store)).toMatchObject({ key, id: "1", done: true, pending: false });
  expect(server.rows).toMatchObject([{ title: "Buy milk", done: true }]);
  expect(store.snapshot().total).toBe(1);
});

test("a change that is refused is taken back, with the reason, and can be tried again", async () => {
  server.seed({ title: "Buy milk" });
  const store = open();
  server.failure = 422;
  store.change(first(store), { title: "Buy oat milk" });
  expect(titles(store)).toEqual(["Buy oat milk"]);
  await settle();
  expect(titles(store)).toEqual(["Buy milk"]);
  expect(store.snapshot().refusal?.text).toBe("“Buy milk” was not changed. Refused with 422.");
  server.failure = undefined;
  store.retryRefused();
  await settle();
  expect(server.titles()).toEqual(["Buy oat milk"]);
  expect(store.snapshot().refusal).toBeUndefined();
});

test("an addition that is refused takes its later changes with it, and brings them back", async () => {
  const store = open();
  server.failure = 422;
  store.add("Buy milk");
  store.complete(first(store), true);
  await settle();
  expect(titles(store)).toEqual([]);
  server.failure = undefined;
  store.retryRefused();
  await settle();
  expect(server.rows).toMatchObject([{ title: "Buy milk", done: true }]);
});

test.each(["unreachable", 503, 502, 504, 429] as const)(
  "while the server is away (%s), changes are kept and then sent in order",
  async (failure) => {
    server.seed({ title: "Buy milk" });
    const store = open();
    server.failure = failure;
    store.change(first(store), { title: "Buy oat milk" });
    store.add("Call Ada");
    await settle();
    expect(titles(store)).toEqual(["Call Ada", "Buy oat milk"]);
    expect(store.snapshot()).toMatchObject({ away: true, waiting: 2 });
    const tries = server.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    const more = server.calls.length - tries;
    expect(more, "a server that is away is asked ever more rarely").toBeGreaterThan(2);
    expect(more).toBeLessThan(10);
    server.failure = undefined;
    await vi.advanceTimersByTimeAsync(40_000);
    expect(server.titles()).toEqual(["Call Ada", "Buy oat milk"]);
    expect(store.snapshot()).toMatchObject({ away: false, waiting: 0, announcement: "Connected again." });
  },
);

test("an addition whose answer was lost is not made twice", async () => {
  const store = open();
  server.failure = "lost";
  store.add("Buy milk");
  await settle();
  server.failure = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.titles()).toEqual(["Buy milk"]);
  expect(store.snapshot()).toMatchObject({ total: 1, items: [{ id: "1", pending: false }] });
});

test("two equal tasks are two tasks", async () => {
  const store = open();
  store.add("Buy milk");
  store.add("Buy milk");
  await settle();
  expect(server.titles()).toEqual(["Buy milk", "Buy milk"]);
});

test("what is not sent outlives a reload, for the same account only", async () => {
  server.failure = "unreachable";
  open().add("Buy milk");
  await settle();
  stops.pop()?.();
  server.failure = undefined;
  const other = new TaskStore({ query: query(), today, account: "eve@example.com", page: { tasks: [], total: 0 } });
  stops.push(other.start());
  await settle();
  expect(server.titles(), "another account sends nothing of it").toEqual([]);
  const store = open();
  expect(titles(store)).toEqual(["Buy milk"]);
  await settle();
  expect(server.titles()).toEqual(["Buy milk"]);
  expect(sessionStorage).toHaveLength(0);
});

test("a session that has ended stops the sending and keeps the change", async () => {
  const store = open();
  server.failure = 401;
  store.add("Buy milk");
  await settle();
  expect(store.snapshot().signedOut).toBe(true);
  store.add("Call Ada");
  await settle();
  expect(server.calls).toHaveLength(1);
  expect(sessionStorage.getItem("todo:changes:ada@example.com")).toMatch(/Buy milk.*Call Ada/);
});

test("a deletion can be undone as if it had never been; without that it is sent", async () => {
  server.seed({ title: "Buy milk", created_at: "2026-01-01T00:00:00Z" });
  const store = open();
  store.remove([first(store)]);
  expect(store.snapshot()).toMatchObject({ items: [], total: 0, undo: { text: "Deleted “Buy milk”" } });
  await vi.advanceTimersByTimeAsync(undoMs / 2);
  store.undo();
  await vi.advanceTimersByTimeAsync(undoMs * 2);
  expect(server.sent("DELETE")).toEqual([]);
  store.remove([first(store)]);
  await vi.advanceTimersByTimeAsync(undoMs + 20);
  expect(server.titles()).toEqual([]);
  expect(store.snapshot()).toMatchObject({ total: 0, undo: undefined });
});

test("a deletion that was sent because the page was hidden is undone by writing the task again", async () => {
  server.seed({ title: "Buy milk", notes: "oat", tags: ["shop"] });
  const store = open();
  store.remove([first(store)]);
  await store.settle();
  expect(server.titles()).toEqual([]);
  store.undo();
  await settle();
  expect(server.rows).toMatchObject([{ title: "Buy milk", notes: "oat", tags: ["shop"] }]);
});

test("leaving the page sends a deletion once, and the next page does not show the task again", async () => {
  server.seed({ title: "Buy milk" });
  const before = open();
  before.remove([first(before)]);
  before.leave();
  stops.shift()?.();
  const next = open(); // its list is from before the deletion
  expect(titles(next)).toEqual([]);
  await vi.advanceTimersByTimeAsync(undoMs * 2);
  expect(server.sent("DELETE")).toHaveLength(1);
  expect(titles(next)).toEqual([]);
  expect(sessionStorage).toHaveLength(0);
});

test("a deletion that did not arrive when the page was left brings the task back", async () => {
  server.seed({ title: "Buy milk" });
  const before = open();
  before.remove([first(before)]);
  server.failure = "unreachable";
  before.leave();
  stops.shift()?.();
  await settle();
  server.failure = undefined;
  const next = open();
  expect(titles(next)).toEqual([]);
  await vi.advanceTimersByTimeAsync(undoMs);
  expect(titles(next)).toEqual(["Buy milk"]);
});

test("a task that was deleted elsewhere goes, and says so", async () => {
  server.seed({ title: "Buy milk" });
  const store = open();
  server.rows = [];
  store.complete(first(store), true);
  await settle();
  expect(store.snapshot()).toMatchObject({
    items: [],
    refusal: { text: "“Buy milk” is gone: it was deleted elsewhere.", operation: undefined },
  });
});

test("another list is fetched, and an answer to an older question does not replace it", async () => {
  server.seed({ title: "Open" }, { title: "Done", done: true });
  const store = open("view=all");
  void store.show(query("view=done"));
  expect(store.snapshot().loading).toBe(true);
  void store.show(query());
  await settle();
  expect(store.snapshot()).toMatchObject({ loading: false, total: 1, items: [{ title: "Open" }] });
});

test("a list that was read before a change was confirmed does not take it back", async () => {
  server.seed({ title: "Buy milk" });
  const store = open();
  let release = () => {};
  server.slowLists = new Promise((resolve) => (release = resolve));
  void store.load({ quiet: true });
  await settle();
  store.change(first(store), { title: "Buy oat milk" });
  await settle();
  server.slowLists = undefined;
  release();
  await settle();
  expect(titles(store)).toEqual(["Buy oat milk"]);
});

test("what waits to be added shows in the list that it was written in", async () => {
  const store = open("view=all");
  server.failure = "unreachable";
  store.add("Buy milk");
  void store.show(query("view=done"));
  await settle();
  expect(titles(store)).toEqual([]);
  void store.show(query("view=all"));
  expect(titles(store)).toEqual(["Buy milk"]);
});

test("a list that cannot be fetched says why, and comes by itself", async () => {
  server.seed({ title: "Done", done: true });
  const store = open("view=all");
  server.failure = 503;
  void store.show(query("view=done"));
  await settle();
  expect(store.snapshot()).toMatchObject({ loading: false, away: true, problem: "Refused with 503.", items: [] });
  store.add("Written meanwhile");
  expect(titles(store)).toEqual(["Written meanwhile"]);
  server.failure = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(store.snapshot()).toMatchObject({ away: false, problem: undefined });
  expect(titles(store)).toEqual(["Written meanwhile", "Done"]);
});

test("pages follow one another without a gap, also after tasks have left the list", async () => {
  server.seed(...Array.from({ length: 60 }, (_, n) => ({ title: `Task ${n}` })));
  const store = open();
  expect(store.snapshot()).toMatchObject({ total: 60 });
  store.complete(first(store), true); // stays in sight, and leaves the server's list
  await settle();
  await store.more();
  expect(new Set(titles(store)).size).toBe(60);
});

test("coming back to the page fetches what others have changed, but not over a change on its way", async () => {
  const store = open();
  server.seed({ title: "From the assistant" });
  await vi.advanceTimersByTimeAsync(4_000);
  store.refresh();
  await settle();
  expect(titles(store)).toEqual(["From the assistant"]);
  server.failure = "unreachable";
  store.add("Buy milk");
  const calls = server.sent("GET").length;
  store.refresh();
  expect(server.sent("GET")).toHaveLength(calls);
});
