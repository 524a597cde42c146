"use client";

import { useEffect, useRef, useState, type FormEvent } from "react";
import { request, wordsOf } from "@/tasks/request";
import { clearStored } from "@/tasks/stored";
import { activeStore } from "@/tasks/useTaskStore";
import { DeleteAccount } from "./DeleteAccount";
import { HelpDialog } from "./HelpDialog";
import { Icon } from "./Icon";

/** The account's own controls. A <details> with plain forms: signing out works even when the page's scripts do not. */
export function AccountMenu({ email }: { email: string }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const summary = useRef<HTMLElement>(null);
  const [problem, setProblem] = useState("");
  const [dialog, setDialog] = useState<"help" | "delete">();

  useEffect(() => {
    const outside = (event: Event) => {
      if (menu.current?.open && event.target instanceof Node && !menu.current.contains(event.target)) menu.current.open = false;
    };
    const events = ["pointerdown", "focusin"];
    for (const name of events) document.addEventListener(name, outside);
    return () => {
      for (const name of events) document.removeEventListener(name, outside);
    };
  }, []);

  function open(next: typeof dialog) {
    if (menu.current) menu.current.open = false;
    summary.current?.focus(); // where the dialog gives the focus back to
    setDialog(next);
  }

  async function signOut(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { action } = event.currentTarget;
    setProblem("");
    const saved = (await activeStore()?.settle()) ?? true;
    if (!saved && !confirm("Some changes have not reached the server yet and will be lost. Sign out all the same?")) return;
    try {
      await request(action, "POST");
      activeStore()?.abandon();
      clearStored();
      // A full load, so that nothing of the account stays in memory.
      // eslint-disable-next-line @next/next/no-location-assign-relative-destination
      window.location.href = "/sign-in";
    } catch (error) {
      setProblem(`You are still signed in. ${wordsOf(error)}`);
    }
  }

  return (
    <>
      <details
        ref={menu}
        className="relative"
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !menu.current?.open) return;
          event.preventDefault();
          menu.current.open = false;
          summary.current?.focus();
        }}
      >
        <summary
          ref={summary}
          role="button"
          aria-label="Account"
          className="button button-quiet list-none p-2.5 [&::-webkit-details-marker]:hidden"
        >
          <Icon name="account" />
        </summary>
        <div className="card absolute right-0 z-30 mt-1 w-64 max-w-[calc(100vw-2rem)] p-1.5 shadow-xl">
          <p className="border-b border-line px-3 pt-1.5 pb-2.5 text-sm text-muted">
            Signed in as
            <span className="block truncate font-medium text-ink" title={email}>
              {email}
            </span>
          </p>
          <div role="alert" className="text-sm text-danger">
            {problem ? <p className="px-3 py-2">{problem}</p> : null}
          </div>
          <div className="mt-1.5 grid">
            <button type="button" className="menu-item" onClick={() => open("help")}>
              Keyboard shortcuts
            </button>
            <form method="post" action="/api/auth/sign-out" onSubmit={(event) => void signOut(event)} className="grid">
              <button type="submit" className="menu-item">
                Sign out
              </button>
            </form>
            <form method="post" action="/api/auth/sign-out-everywhere" onSubmit={(event) => void signOut(event)} className="grid">
              <button type="submit" className="menu-item">
                Sign out everywhere
              </button>
            </form>
            <button type="button" className="menu-item text-danger" onClick={() => open("delete")}>
              Delete my account…
            </button>
          </div>
        </div>
      </details>
      {dialog === "help" ? <HelpDialog onClose={() => setDialog(undefined)} /> : null}
      {dialog === "delete" ? <DeleteAccount email={email} onClose={() => setDialog(undefined)} /> : null}
    </>
  );
}
