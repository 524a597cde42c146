import type { ReactNode } from "react";

/** A page that says one thing. */
export function Message({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <main id="main" className="mx-auto grid min-h-dvh max-w-md place-content-center gap-4 px-4 text-center">
      <h1 className="title">{title}</h1>
      <p className="text-muted">{text}</p>
      <div>{children}</div>
    </main>
  );
}
