import { describeToolCall, fromStored, type Conversation, type Message, type ToolCall } from "./conversation";
import type { ChatEvent } from "./events";

/** What went wrong, and what the visitor can do about it. */
export type Problem = { text: string; action: Action };
type Action = "retry" | "reload" | "sign-in" | "new";

export type State = {
  id?: string;
  title?: string;
  messages: Message[];
  phase: "idle" | "loading" | "answering" | "reconnecting";
  problem?: Problem;
  /** What a screen reader says: the steps and the whole answer, not every piece of it. */
  announcement: string;
  /** Whether the server has the last of the visitor's messages: only then can it answer it anew. */
  received: boolean;
};

export type Change =
  | { type: "cleared" }
  | { type: "loading"; id: string }
  | { type: "loaded"; conversation: Conversation }
  | { type: "sent"; text: string }
  | { type: "retried" }
  | { type: "event"; event: ChatEvent }
  | { type: "stopped" }
  | { type: "lost" }
  | { type: "recovered"; conversation: Conversation }
  | { type: "failed"; problem: Problem };

export const lostText = "The connection was lost in mid-answer.";

export const empty: State = { messages: [], phase: "idle", announcement: "", received: true };

export function stateOf({ id, title, messages }: Conversation): State {
  return { ...empty, id, title, messages: messages.map(fromStored) };
}

export function reduce(state: State, change: Change): State {
  switch (change.type) {
    case "cleared":
      return empty;
    case "loading":
      return { ...empty, id: change.id, phase: "loading" };
    case "loaded":
      return stateOf(change.conversation);
    case "sent":
      return asking(state, [...state.messages, newMessage("user", change.text)], false);
    case "retried":
      return asking(state, markQuestion(state.messages.slice(0, lastQuestion(state.messages) + 1), "complete"), state.received);
    case "event":
      return onEvent(state, change.event);
    case "stopped":
      return { ...state, messages: ended(state.messages), phase: "idle", announcement: "Stopped." };
    case "lost":
      return { ...state, phase: "reconnecting", announcement: "" };
    case "recovered":
      return recover(state, change.conversation);
    case "failed":
      return notReceived({ ...state, messages: ended(state.messages), phase: "idle", problem: change.problem, announcement: "" });
  }
}

/** The text of the visitor's last message. */
export function lastSent({ messages }: State): string | undefined {
  return messages[lastQuestion(messages)]?.text;
}

function onEvent(state: State, event: ChatEvent): State {
  const { messages } = state;
  switch (event.type) {
    case "conversation":
      return { ...state, id: event.id, title: event.title, received: true };
    case "delta":
      return { ...state, messages: replaceLast(messages, (last) => ({ ...last, text: last.text + event.text })) };
    case "tool_call": {
      const { id, name } = event;
      const call: ToolCall = { id, name, arguments: event.arguments, state: "running" };
      return { ...state, messages: replaceLast(messages, (last) => ({ ...last, toolCalls: [...last.toolCalls, call] })) };
    }
    case "tool_result": {
      const call = messages.at(-1)?.toolCalls.find(({ id }) => id === event.id);
      if (!call) return state;
      const result: ToolCall = { ...call, state: event.ok ? "done" : "failed", summary: event.summary || undefined };
      const toolCalls = messages.at(-1)?.toolCalls.map((each) => (each === call ? result : each)) ?? [];
      return { ...state, messages: replaceLast(messages, (last) => ({ ...last, toolCalls })), announcement: describeToolCall(result) };
    }
    case "done": {
      const done = replaceLast(ended(messages), (last) =>
        last.role === "assistant" ? { ...last, state: event.stopped ? "stopped" : "complete" } : last,
      );
      return { ...state, messages: done, phase: "idle", announcement: done.at(-1)?.text ?? "" };
    }
    case "error": {
      const text = event.detail || `${event.title || "The answer failed"}.`;
      return { ...state, messages: ended(messages), phase: "idle", problem: { text, action: "retry" }, announcement: "" };
    }
  }
}

/** After a lost connection the server's word counts, except that what was read here and not kept there stays on the screen. */
function recover(state: State, conversation: Conversation): State {
  const kept = stateOf(conversation);
  const questions = (messages: Message[]) => messages.filter((each) => each.role === "user" && each.state !== "unsent").length;
  const partial = ended(state.messages).at(-1);
  if (questions(kept.messages) < questions(state.messages)) {
    const problem: Problem = { text: "The connection was lost before your message arrived.", action: "retry" };
    return notReceived({ ...state, messages: ended(state.messages), phase: "idle", received: false, problem });
  }
  const answer = kept.messages.at(-1);
  if (answer?.role === "assistant") {
    const whole = answer.state === "complete" && answer.text.startsWith(partial?.role === "assistant" ? partial.text : "");
    return whole
      ? { ...kept, announcement: answer.text }
      : { ...kept, problem: { text: `${lostText} This is what was kept of it.`, action: "retry" } };
  }
  const messages = partial?.role === "assistant" ? [...kept.messages, partial] : kept.messages;
  return { ...kept, messages, problem: { text: lostText, action: "retry" } };
}

function asking(state: State, messages: Message[], received: boolean): State {
  const answer: Message = { ...newMessage("assistant", ""), state: "streaming" };
  return {
    ...state,
    messages: [...messages, answer],
    phase: "answering",
    problem: undefined,
    announcement: "The assistant is answering.",
    received,
  };
}

/** Without the answer that never began; one that did is marked, and its tool calls run no more. */
function ended(messages: Message[]): Message[] {
  const last = messages.at(-1);
  if (last?.state !== "streaming") return messages;
  if (!last.text && last.toolCalls.length === 0) return messages.slice(0, -1);
  const toolCalls = last.toolCalls.map((call): ToolCall => (call.state === "running" ? { ...call, state: "failed" } : call));
  return [...messages.slice(0, -1), { ...last, toolCalls, state: "stopped" }];
}

function notReceived(state: State): State {
  return state.received ? state : { ...state, messages: markQuestion(state.messages, "unsent") };
}

function markQuestion(messages: Message[], mark: "complete" | "unsent"): Message[] {
  const index = lastQuestion(messages);
  return messages.map((each, i) => (i === index ? { ...each, state: mark } : each));
}

function replaceLast(messages: Message[], replace: (last: Message) => Message): Message[] {
  const last = messages.at(-1);
  return last ? [...messages.slice(0, -1), replace(last)] : messages;
}

function lastQuestion(messages: Message[]): number {
  return messages.findLastIndex(({ role }) => role === "user");
}

function newMessage(role: Message["role"], text: string): Message {
  return { role, text, toolCalls: [], state: "complete" };
}
