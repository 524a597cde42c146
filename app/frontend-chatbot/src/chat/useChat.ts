"use client";

import { useEffect, useReducer, useRef } from "react";
import type { Conversation } from "./conversation";
import { ConnectionLost, readEvents } from "./events";
import { empty, lastSent, lostText, reduce, stateOf, type Problem } from "./reducer";
import { read, RequestError, send } from "./request";

export type Start = { conversation?: Conversation; problem?: Problem };

type Options = {
  start: Start;
  /** The conversation in the page's address. */
  openId: string | undefined;
  /** A conversation has begun or gone on. */
  onConversation: (id: string, title: string) => void;
  /** The backend refused to answer, with this status. */
  onRefused: (status: number) => void;
};

const retryDelaysMs = [500, 1_500, 4_000, 8_000];

/** The open conversation: asking, streaming, stopping, and coming back after a lost connection. */
export function useChat({ start, openId, onConversation, onRefused }: Options) {
  const [state, dispatch] = useReducer(
    reduce,
    start.conversation ? stateOf(start.conversation) : { ...empty, id: openId, problem: start.problem },
  );
  const running = useRef<AbortController>();
  const shownId = useRef(openId);

  useEffect(() => {
    if (openId === shownId.current) return;
    shownId.current = openId;
    running.current?.abort();
    if (openId) void load(openId);
    else dispatch({ type: "cleared" });
    // `load` is the same at every render in all that it uses.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [openId]);

  // Leaving the page ends the model's work.
  useEffect(() => () => running.current?.abort(), []);

  function begin(): AbortSignal {
    running.current?.abort();
    running.current = new AbortController();
    return running.current.signal;
  }

  async function load(id: string) {
    const signal = begin();
    dispatch({ type: "loading", id });
    try {
      const conversation = await read<Conversation>(`/api/conversations/${id}`, { signal });
      dispatch({ type: "loaded", conversation });
    } catch (error) {
      if (!signal.aborted) dispatch({ type: "failed", problem: toProblem(error, "reload") });
    }
  }

  async function ask(body: Record<string, unknown>) {
    const signal = begin();
    let id = state.id;
    try {
      const response = await send("POST", "/api/chat", { body, signal });
      if (!response.body) throw new ConnectionLost();
      for await (const event of readEvents(response.body)) {
        if (signal.aborted) return;
        if (event.type === "conversation") {
          id = shownId.current = event.id;
          onConversation(event.id, event.title);
        }
        dispatch({ type: "event", event });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ConnectionLost) return recover(id, signal);
      dispatch({ type: "failed", problem: toProblem(error, "retry") });
      if (error instanceof RequestError && error.status) onRefused(error.status);
    }
  }

  /** Reads what the server has kept of the conversation; it may take a moment to be there again. */
  async function recover(id: string | undefined, signal: AbortSignal) {
    if (!id) return dispatch({ type: "failed", problem: { text: lostText, action: "retry" } });
    dispatch({ type: "lost" });
    for (const delay of retryDelaysMs) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (signal.aborted) return;
      try {
        const conversation = await read<Conversation>(`/api/conversations/${id}`, { signal });
        return dispatch({ type: "recovered", conversation });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof RequestError && error.status === 401) return dispatch({ type: "failed", problem: toProblem(error, "reload") });
      }
    }
    dispatch({ type: "failed", problem: { text: `${lostText} The server cannot be reached.`, action: "retry" } });
  }

  return {
    ...state,
    busy: state.phase === "answering" || state.phase === "reconnecting",
    reload: () => (state.id ? load(state.id) : undefined),
    stop() {
      running.current?.abort();
      dispatch({ type: "stopped" });
    },
    send(text: string) {
      dispatch({ type: "sent", text });
      return ask({ message: text, conversation_id: state.id });
    },
    retry() {
      dispatch({ type: "retried" });
      return ask(
        state.received && state.id ? { conversation_id: state.id, retry: true } : { conversation_id: state.id, message: lastSent(state) },
      );
    },
  };
}

function toProblem(error: unknown, action: Problem["action"]): Problem {
  const text = error instanceof Error ? error.message : String(error);
  const status = error instanceof RequestError ? error.status : undefined;
  if (status === 401) return { text: "Your session has ended.", action: "sign-in" };
  if (status === 404) return { text: "This conversation is no longer there.", action: "new" };
  return { text, action };
}
