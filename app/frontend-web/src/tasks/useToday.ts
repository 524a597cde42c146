"use client";

import { useEffect, useSyncExternalStore } from "react";
import { dayIn } from "./day";

/** The reader's day, also after midnight. The server's guess stands until the page has come alive. */
export function useToday(guess: string): string {
  // The server finds the zone here the next time, and then its guess is right.
  useEffect(() => {
    const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
    document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
  }, []);
  return useSyncExternalStore(
    subscribe,
    () => dayIn(),
    () => guess,
  );
}

function subscribe(listener: () => void): () => void {
  const timer = setInterval(listener, 30_000);
  document.addEventListener("visibilitychange", listener); // timers sleep with the computer
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", listener);
  };
}
