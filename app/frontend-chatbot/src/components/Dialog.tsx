"use client";

import { useLayoutEffect, useRef, type ReactNode } from "react";

type Props = { label: string; className: string; onClose: () => void; children: ReactNode };

/** A modal dialog, open for as long as it is rendered. Escape and a press beside it close it; the focus goes back to where it was. */
export function Dialog({ label, className, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);

  // Before the element leaves the document: only close() gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      aria-label={label}
      className={`bg-surface text-ink backdrop:bg-black/40 ${className}`}
      onClose={(event) => event.currentTarget.open || onClose()}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      {children}
    </dialog>
  );
}
