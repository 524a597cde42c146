"use client";

import { useCallback, useSyncExternalStore } from "react";

// Text of this tab that outlives a reload and a new sign-in: drafts and unsent changes. Never anything of the session.
const listeners = new Set<() => void>();
const prefix = "todo:";

/** What is stored under a name for an account, and how to change it; an empty text is nothing. */
export function useStored(name: string, account: string): [string, (text: string) => void] {
  const key = `${prefix}${name}:${account}`;
  const value = useSyncExternalStore(
    subscribe,
    () => sessionStorage.getItem(key) ?? "",
    () => "",
  );
  const set = useCallback(
    (text: string) => {
      if (text) sessionStorage.setItem(key, text);
      else sessionStorage.removeItem(key);
      notify();
    },
    [key],
  );
  return [value, set];
}

/** Leaves nothing behind for whoever uses this tab next. */
export function clearStored(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
  notify();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function notify(): void {
  for (const listener of listeners) listener();
}
