"use client";

import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { request, wordsOf } from "@/tasks/request";
import { Notice } from "./Notice";

export type Mode = "sign-in" | "sign-up";

/** Email and password. The form also works as plain HTML; method="post" keeps the password out of the address then. */
export function AuthForm({ mode, next, initialError }: { mode: Mode; next: string; initialError?: string }) {
  const [error, setError] = useState(initialError);
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const signUp = mode === "sign-up";

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    setBusy(true);
    setError(undefined);
    try {
      await request(`/api/auth/${mode}`, "POST", fields);
      router.replace(next);
      router.refresh(); // nothing rendered for a visitor without a session is used again
    } catch (failure) {
      setError(wordsOf(failure));
      setBusy(false);
    }
  }

  return (
    <form method="post" action={`/api/auth/${mode}`} onSubmit={submit} aria-busy={busy}>
      <div role="alert" className="not-empty:mb-5">
        {error ? <Notice text={error} /> : null}
      </div>
      <input type="hidden" name="next" value={next} />
      <div className="grid gap-5">
        {signUp ? (
          <label className="label">
            <span>
              Name <span className="font-normal text-muted">(optional)</span>
            </span>
            <input className="field text-base" name="name" autoComplete="name" maxLength={100} />
          </label>
        ) : null}
        <label className="label">
          Email
          <input className="field text-base" name="email" type="email" autoComplete="email" required maxLength={254} />
        </label>
        <div className="grid gap-1.5">
          <label htmlFor="password" className="text-sm font-medium">
            Password
          </label>
          <input
            id="password"
            className="field"
            name="password"
            type="password"
            autoComplete={signUp ? "new-password" : "current-password"}
            aria-describedby={signUp ? "password-hint" : undefined}
            required
            minLength={signUp ? 8 : undefined}
            maxLength={128}
          />
          {signUp ? (
            <p id="password-hint" className="text-sm text-muted">
              At least 8 characters.
            </p>
          ) : null}
        </div>
        <button type="submit" disabled={busy} className="button button-primary mt-1">
          {busy ? "One moment…" : signUp ? "Create account" : "Sign in"}
        </button>
      </div>
    </form>
  );
}
