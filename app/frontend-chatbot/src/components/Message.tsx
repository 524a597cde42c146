import type { ReactNode } from "react";

/** A page that says one thing. */
export function Message({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <main className="message">
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
    </main>
  );
}
