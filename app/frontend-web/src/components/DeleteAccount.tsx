"use client";

import { useState, type FormEvent } from "react";
import { request, wordsOf } from "@/tasks/request";
import { clearStored } from "@/tasks/stored";
import { activeStore } from "@/tasks/useTaskStore";
import { Modal } from "./Modal";
import { Notice } from "./Notice";

/** Asks for the address in words: this is the one thing here that cannot be undone. */
export function DeleteAccount({ email, onClose }: { email: string; onClose: () => void }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get("confirm") ?? "");
    if (typed.trim().toLowerCase() !== email.toLowerCase()) return setProblem(`This is not the address of this account: ${email}`);
    setBusy(true);
    setProblem("");
    try {
      await request("/api/auth/me", "DELETE");
      activeStore()?.abandon();
      clearStored();
      // A full load, so that nothing of the account stays in memory.
      // eslint-disable-next-line @next/next/no-location-assign-relative-destination
      window.location.href = "/sign-in?deleted=1";
    } catch (error) {
      setProblem(`Your account was not deleted. ${wordsOf(error)}`);
      setBusy(false);
    }
  }

  return (
    <Modal title="Delete your account?" onClose={onClose}>
      <p className="mt-3 text-muted">The account and all of its tasks and conversations will be gone at once, for good.</p>
      <form method="post" onSubmit={(event) => void submit(event)} className="mt-5 grid gap-4" noValidate>
        <div role="alert" className="empty:hidden">
          {problem ? <Notice text={problem} /> : null}
        </div>
        <label className="label">
          Your email
          <input name="confirm" type="email" autoComplete="off" className="field" aria-describedby="confirm-hint" />
        </label>
        <p id="confirm-hint" className="-mt-2 text-sm wrap-anywhere text-muted">
          Type {email} to confirm.
        </p>
        <div className="flex flex-wrap gap-2">
          <button type="submit" disabled={busy} className="button button-danger">
            {busy ? "One moment…" : "Delete my account"}
          </button>
          <button type="button" onClick={onClose} className="button button-quiet">
            Keep it
          </button>
        </div>
      </form>
    </Modal>
  );
}
