"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { addressOf, parseQuery, type Query } from "./query";
import type { Snapshot, Start } from "./snapshot";
import { TaskStore } from "./store";
import { useToday } from "./useToday";

let active: TaskStore | undefined;

/** The store of the page that is open, for what leaves the page from outside of the list. */
export function activeStore(): TaskStore | undefined {
  return active;
}

export type TaskList = { store: TaskStore; snapshot: Snapshot; query: Query; today: string; go: (query: Query, replace?: boolean) => void };

/** The task list of the query in the page's address. */
export function useTaskStore(start: Start): TaskList {
  const router = useRouter();
  const params = useSearchParams().toString();
  // The router tells of a new address a moment after it was set; what was pressed has to show at once.
  const [ahead, setAhead] = useState<Query>();
  const [seen, setSeen] = useState(params);
  if (params !== seen) {
    setSeen(params);
    setAhead(undefined);
  }
  const addressed = useMemo(() => parseQuery(new URLSearchParams(params)), [params]);
  const query = ahead ?? addressed;
  const today = useToday(start.today);
  const [store] = useState(() => new TaskStore(start));
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot, store.snapshot);

  useEffect(() => {
    active = store;
    const stop = store.start();
    const visible = () => {
      if (document.visibilityState === "visible") store.refresh();
    };
    const online = () => void store.retryNow();
    const leave = () => store.leave();
    const returned = () => store.returned(); // with the back button, to a page that was only put aside
    const listen = [
      [document, "visibilitychange", visible],
      [window, "focus", visible],
      [window, "online", online],
      [window, "pagehide", leave],
      [window, "pageshow", returned],
    ] as const;
    for (const [target, name, listener] of listen) target.addEventListener(name, listener);
    return () => {
      for (const [target, name, listener] of listen) target.removeEventListener(name, listener);
      if (active === store) active = undefined;
      stop();
    };
  }, [store]);

  useEffect(() => void store.show(query, today), [store, query, today]);

  const { signedOut } = snapshot;
  useEffect(() => {
    // What was typed is stored and comes back with the same account.
    if (signedOut) router.replace(`/sign-in?ended=1&next=${encodeURIComponent(location.pathname + location.search)}`);
  }, [signedOut, router]);

  return {
    store,
    snapshot,
    query,
    today,
    // The address only: the list is fetched by the store, and the page is not rendered anew on the server.
    go: (next, replace = false) => {
      setAhead(next);
      window.history[replace ? "replaceState" : "pushState"](null, "", addressOf(next));
    },
  };
}
