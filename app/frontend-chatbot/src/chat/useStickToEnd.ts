"use client";

import { useEffect, useRef, useState } from "react";

/** Keeps the end of the page in sight while it grows, unless the reader has scrolled up. Only while there is something to follow. */
export function useStickToEnd(active: boolean) {
  const [atEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);

  useEffect(() => {
    if (!active) return;
    let last = window.scrollY;
    function look() {
      const distance = fromEnd();
      // Up is the reader's doing: the page only grows downwards. Down to the end again, and it follows as before.
      if (distance < 4) sticks.current = true;
      else if (window.scrollY < last - 1) sticks.current = false;
      last = window.scrollY;
      setAtEnd(distance < 80);
    }
    const resize = new ResizeObserver(() => {
      if (sticks.current) scrollToEnd();
      last = window.scrollY; // a shorter page moves up by itself
      setAtEnd(fromEnd() < 80);
    });
    resize.observe(document.body);
    window.addEventListener("scroll", look, { passive: true });
    return () => {
      resize.disconnect();
      window.removeEventListener("scroll", look);
    };
  }, [active]);

  function toEnd() {
    sticks.current = true;
    scrollToEnd();
  }

  return { atEnd: atEnd || !active, toEnd };
}

function fromEnd(): number {
  return document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
}

function scrollToEnd(): void {
  window.scrollTo(0, document.documentElement.scrollHeight);
}
