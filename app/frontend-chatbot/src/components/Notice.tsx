import type { ReactNode } from "react";
import { Icon } from "./Icon";

/** An error in words, with an optional control at its end. The caller gives it a live region. */
export function Notice({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="notice">
      <Icon name="alert" />
      <p>{text}</p>
      {children}
    </div>
  );
}
