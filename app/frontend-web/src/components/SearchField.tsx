"use client";

import { useEffect, useEffectEvent, useState } from "react";
import { Icon } from "./Icon";

const pauseMs = 200;

/** Searches while one types, a moment after the last letter. */
export function SearchField({ text, onSearch }: { text: string; onSearch: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const [sent, setSent] = useState(text);
  const [seen, setSeen] = useState(text);

  // The address changed from elsewhere (back, "Clear"), not by what was typed here.
  if (text !== seen) {
    setSeen(text);
    if (text !== sent) {
      setSent(text);
      setTyped(text);
    }
  }

  function search() {
    setSent(typed.trim());
    onSearch(typed.trim());
  }

  // What else was chosen while this waits stays chosen: the search goes to the list of then, not of the last letter.
  const searchThen = useEffectEvent(search);
  useEffect(() => {
    if (typed.trim() === sent) return;
    const timer = setTimeout(() => searchThen(), pauseMs);
    return () => clearTimeout(timer);
  }, [typed, sent]);

  return (
    <form
      role="search"
      method="post"
      className="relative min-w-full flex-1 sm:min-w-56"
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      <Icon name="search" className="pointer-events-none absolute top-3 left-3 size-5 text-muted" />
      <input
        id="search"
        type="search"
        aria-label="Search tasks"
        aria-keyshortcuts="/"
        placeholder="Search"
        className="field h-11 py-0 pl-10"
        value={typed}
        maxLength={200}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (typed) setTyped("");
          else event.currentTarget.blur();
        }}
      />
    </form>
  );
}
