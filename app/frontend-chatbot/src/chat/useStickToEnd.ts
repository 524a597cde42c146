"use client";

import { useEffect, useLayoutEffect, useRef, useState } from "react";

/** Keeps the end of the page in sight while `content` grows, unless the reader has scrolled up. */
export function useStickToEnd(content: unknown) {
  const [atEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);

  useEffect(() => {
    let last = window.scrollY;
    function onScroll() {
      const distance = document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
      // Up is the reader's doing: content only grows downwards. Down to the end again, and the page follows as before.
      if (distance < 4) sticks.current = true;
      else if (window.scrollY < last - 1) sticks.current = false;
      last = window.scrollY;
      setAtEnd(distance < 80);
    }
    window.addEventListener("scroll", onScroll, { passive: true });
    return () => window.removeEventListener("scroll", onScroll);
  }, []);

  function toEnd() {
    sticks.current = true;
    window.scrollTo(0, document.documentElement.scrollHeight);
  }

  useLayoutEffect(() => {
    if (sticks.current) toEnd();
    else setAtEnd(document.documentElement.scrollHeight - window.innerHeight - window.scrollY < 80);
  }, [content]);

  return { atEnd, toEnd };
}
