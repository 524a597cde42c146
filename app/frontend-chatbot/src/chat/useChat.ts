"use client";

import { useRouter } from "next/navigation";
import { useReducer, useRef } from "react";
import { empty, lastSent, reduce } from "./reducer";
import { request, RequestError } from "./request";

/** One conversation with the assistant, kept for as long as the page is open. */
export function useChat() {
  const [state, dispatch] = useReducer(reduce, empty);
  const router = useRouter();
  const running = useRef<AbortController>();

  async function ask(message: string) {
    const controller = new AbortController();
    running.current = controller;
    try {
      const { reply } = await request("/api/chat", { message }, controller.signal);
      if (typeof reply !== "string") throw new RequestError("The answer was empty.");
      dispatch({ type: "answered", text: reply });
    } catch (error) {
      dispatch({ type: "failed", problem: error instanceof Error ? error.message : String(error) });
      // The session has ended: the server now renders the sign-in form. The conversation stays until then.
      if (error instanceof RequestError && error.status === 401) router.refresh();
    }
  }

  return {
    ...state,
    stop: () => running.current?.abort(),
    async send(text: string) {
      dispatch({ type: "sent", text });
      await ask(text);
    },
    async retry() {
      const text = lastSent(state);
      if (text === undefined) return;
      dispatch({ type: "retried" });
      await ask(text);
    },
  };
}
