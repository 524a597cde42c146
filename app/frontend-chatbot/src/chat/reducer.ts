export type Message = { id: number; from: "visitor" | "assistant"; text: string };

/** `problem` is why the last message got no answer; with it the conversation can be continued by a retry. */
export type State = { messages: Message[]; waiting: boolean; problem?: string };

export type Action =
  | { type: "sent"; text: string }
  | { type: "retried" }
  | { type: "answered"; text: string }
  | { type: "failed"; problem: string };

export const empty: State = { messages: [], waiting: false };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "sent":
      return { messages: append(state.messages, "visitor", action.text), waiting: true };
    case "retried":
      return { messages: state.messages, waiting: true };
    case "answered":
      return { messages: append(state.messages, "assistant", action.text), waiting: false };
    case "failed":
      return { messages: state.messages, waiting: false, problem: action.problem };
  }
}

/** What a retry sends again: the visitor's last message. */
export function lastSent(state: State): string | undefined {
  return state.messages.findLast((message) => message.from === "visitor")?.text;
}

function append(messages: Message[], from: Message["from"], text: string): Message[] {
  return [...messages, { id: messages.length, from, text }];
}
