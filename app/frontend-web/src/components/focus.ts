"use client";

import { useEffect, useEffectEvent, useRef } from "react";

/**
 * Gives the focus to `instead` when the control that had it is gone from the page: otherwise a screen reader says nothing, and
 * starts again at the top. Looks after every rendering of the component that uses it.
 */
export function useLostFocus(instead: (lost: HTMLElement) => HTMLElement | null | undefined): void {
  const last = useRef<HTMLElement>(undefined);
  useEffect(() => {
    const entered = ({ target }: FocusEvent) => {
      last.current = target instanceof HTMLElement ? target : undefined;
    };
    // Left, unless it is being taken away: some browsers say so before, and it is gone a moment later.
    const left = ({ target }: FocusEvent) => {
      queueMicrotask(() => {
        if (target === last.current && last.current?.isConnected) last.current = undefined;
      });
    };
    document.addEventListener("focusin", entered);
    document.addEventListener("focusout", left);
    return () => {
      document.removeEventListener("focusin", entered);
      document.removeEventListener("focusout", left);
    };
  }, []);

  const look = useEffectEvent(() => {
    const lost = last.current;
    if (!lost || lost.isConnected || document.activeElement !== document.body) return;
    last.current = undefined;
    instead(lost)?.focus({ preventScroll: true });
  });
  useEffect(() => {
    // After whoever gives the focus away on purpose.
    const frame = requestAnimationFrame(() => look());
    return () => cancelAnimationFrame(frame);
  });
}

/** The element is about to go with the focus in it: what is found in the one after it, or before, gets the focus. False when there is none. */
export function focusBeside(leaving: Element | null, control: string): boolean {
  if (!leaving?.contains(document.activeElement)) return true;
  const beside = leaving.nextElementSibling ?? leaving.previousElementSibling;
  const next = beside?.querySelector<HTMLElement>(control);
  next?.focus();
  return next !== undefined && next !== null;
}
