import { expect, test } from "vitest";
import type { Conversation, StoredMessage } from "./conversation";
import type { ChatEvent } from "./events";
import { empty, lastSent, reduce, stateOf, type Change, type State } from "./reducer";

const begun: ChatEvent = { type: "conversation", id: "c", title: "T" };
const done: ChatEvent = { type: "done", stopped: false };
const delta = (text: string): ChatEvent => ({ type: "delta", text });
const call: ChatEvent = { type: "tool_call", id: "1", name: "add_task", arguments: { title: "milk" } };

function play(state: State, ...changes: (Change | ChatEvent)[]): State {
  return changes.reduce<State>((now, change) => reduce(now, isChange(change) ? change : { type: "event", event: change }), state);
}

function isChange(change: Change | ChatEvent): change is Change {
  return ["cleared", "loading", "loaded", "sent", "retried", "event", "stopped", "lost", "recovered", "failed"].includes(change.type);
}

function stored(...texts: string[]): Conversation {
  const messages = texts.map((text, index): StoredMessage => ({
    id: `m${index}`,
    role: index % 2 ? "assistant" : "user",
    text,
    stopped: text.endsWith("…"),
    tool_calls: [],
  }));
  return { id: "c", title: "T", messages };
}

const texts = (state: State) => state.messages.map(({ role, text, state: mark }) => `${role} ${mark}: ${text}`);
const problem = { text: "No.", action: "retry" as const };

test("a question and its answer, in pieces", () => {
  const state = play(empty, { type: "sent", text: "Hi" }, begun, delta("Hel"), delta("lo"));
  expect(texts(state)).toEqual(["user complete: Hi", "assistant streaming: Hello"]);
  expect(state).toMatchObject({ id: "c", title: "T", phase: "answering", announcement: "The assistant is answering." });
  const end = play(state, done);
  expect(texts(end)).toEqual(["user complete: Hi", "assistant complete: Hello"]);
  expect(end).toMatchObject({ phase: "idle", announcement: "Hello" });
});

test("a tool call runs, and then is done or has failed", () => {
  const running = play(empty, { type: "sent", text: "add milk" }, begun, call);
  expect(running.messages.at(-1)?.toolCalls).toMatchObject([{ name: "add_task", state: "running" }]);
  const added = play(running, { type: "tool_result", id: "1", ok: true, summary: "Added “milk”" });
  expect(added.messages.at(-1)?.toolCalls).toMatchObject([{ state: "done", summary: "Added “milk”" }]);
  expect(added.announcement).toBe("Added “milk”");
  const failed = play(running, { type: "tool_result", id: "1", ok: false, summary: "" });
  expect(failed.messages.at(-1)?.toolCalls).toMatchObject([{ state: "failed" }]);
  expect(failed.announcement).toBe("Adding “milk” did not work");
  expect(play(running, { type: "tool_result", id: "unknown", ok: true, summary: "x" })).toEqual(running);
});

test("stopping keeps what was said, and ends what was running", () => {
  const state = play(empty, { type: "sent", text: "add milk" }, begun, delta("I will"), call, { type: "stopped" });
  expect(texts(state)).toEqual(["user complete: add milk", "assistant stopped: I will"]);
  expect(state.messages.at(-1)?.toolCalls).toMatchObject([{ state: "failed" }]);
  expect(state.phase).toBe("idle");
});

test("stopping before the first word leaves the question alone", () => {
  expect(texts(play(empty, { type: "sent", text: "Hi" }, begun, { type: "stopped" }))).toEqual(["user complete: Hi"]);
});

test("an error in the stream is a problem with a retry, in the backend's words", () => {
  const state = play(empty, { type: "sent", text: "Hi" }, begun, {
    type: "error",
    title: "Gateway timeout",
    detail: "Too slow.",
    status: 504,
  });
  expect(state.problem).toEqual({ text: "Too slow.", action: "retry" });
  const again = play(state, { type: "retried" }, delta("Hello"), done);
  expect(texts(again)).toEqual(["user complete: Hi", "assistant complete: Hello"]);
  expect(again.problem).toBeUndefined();
});

test("a retry replaces the last answer", () => {
  const state = play(stateOf(stored("a", "b", "c", "d")), { type: "retried" }, begun, delta("D"), done);
  expect(texts(state)).toEqual(["user complete: a", "assistant complete: b", "user complete: c", "assistant complete: D"]);
});

test("a message that the server did not take is marked, and its retry sends it again", () => {
  const state = play(stateOf(stored("a", "b")), { type: "sent", text: "c" }, { type: "failed", problem });
  expect(texts(state).at(-1)).toBe("user unsent: c");
  expect(state.received).toBe(false);
  expect(lastSent(state)).toBe("c");
  const again = play(state, { type: "retried" }, begun, delta("d"), done);
  expect(texts(again).slice(2)).toEqual(["user complete: c", "assistant complete: d"]);
  expect(again.received).toBe(true);
});

test.each([
  [
    "the rest of the answer, when the server has it",
    stored("a", "Hello there"),
    ["user complete: a", "assistant complete: Hello there"],
    undefined,
  ],
  ["what was kept of it", stored("a", "Hello…"), ["user complete: a", "assistant stopped: Hello…"], "This is what was kept of it."],
  [
    "what was read, when nothing was kept",
    stored("a"),
    ["user complete: a", "assistant stopped: Hel"],
    "The connection was lost in mid-answer.",
  ],
])("after a lost connection: %s", (_, conversation, expected, words) => {
  const lost = play(empty, { type: "sent", text: "a" }, begun, delta("Hel"), { type: "lost" });
  expect(lost.phase).toBe("reconnecting");
  const state = play(lost, { type: "recovered", conversation });
  expect(texts(state)).toEqual(expected);
  expect(state.phase).toBe("idle");
  if (words) expect(state.problem?.text).toContain(words);
  else expect(state.problem).toBeUndefined();
});

test("after a connection lost before the message arrived, it is marked as not sent", () => {
  const state = play(
    stateOf(stored("a", "b")),
    { type: "sent", text: "c" },
    { type: "lost" },
    { type: "recovered", conversation: stored("a", "b") },
  );
  expect(texts(state)).toEqual(["user complete: a", "assistant complete: b", "user unsent: c"]);
  expect(state.received).toBe(false);
});
