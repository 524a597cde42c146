import type { ReactNode } from "react";
import { Icon } from "./Icon";

/** An error in words, with an optional control at its end. The caller gives it a live region. */
export function Notice({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="flex flex-wrap items-start gap-x-3 gap-y-2 rounded-lg bg-danger-tint px-3.5 py-3 text-danger">
      <Icon name="alert" className="mt-0.5 size-5" />
      <p className="min-w-0 flex-1 basis-40 text-sm leading-6 wrap-anywhere">{text}</p>
      {children}
    </div>
  );
}
