import { expect, test } from "vitest";
import { empty, lastSent, reduce, type Action } from "./reducer";

function play(...actions: Action[]) {
  return actions.reduce(reduce, empty);
}

test("a question and its answer", () => {
  const state = play({ type: "sent", text: "Hi" }, { type: "answered", text: "Hello" });
  expect(state.messages.map(({ from, text }) => [from, text])).toEqual([["visitor", "Hi"], ["assistant", "Hello"]]);
  expect(state.waiting).toBe(false);
});

test("a failure keeps the question, and a retry sends it again without showing it twice", () => {
  const failed = play({ type: "sent", text: "Hi" }, { type: "failed", problem: "No." });
  expect(failed).toMatchObject({ waiting: false, problem: "No." });
  expect(lastSent(failed)).toBe("Hi");
  const retried = reduce(failed, { type: "retried" });
  expect(retried).toEqual({ messages: failed.messages, waiting: true });
});

test("there is nothing to send again at the start", () => {
  expect(lastSent(empty)).toBeUndefined();
});
