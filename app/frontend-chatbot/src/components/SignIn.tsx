"use client";

import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { request } from "@/chat/request";
import { Notice } from "./Notice";

/** Also works as plain HTML; method="post" keeps the password out of the address then. */
export function SignIn({ initialError, signUpUrl }: { initialError?: string; signUpUrl?: string }) {
  const router = useRouter();
  const [error, setError] = useState(initialError);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    setBusy(true);
    setError(undefined);
    try {
      await request("/api/auth/sign-in", fields);
      router.refresh();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <h1>Talk to your task list</h1>
      <p className="lead">Sign in with the account you use for your tasks.</p>
      <form method="post" action="/api/auth/sign-in" onSubmit={submit} className="card form" aria-busy={busy}>
        <div role="alert">{error ? <Notice text={error} /> : null}</div>
        <label>
          Email
          <input className="field" name="email" type="email" autoComplete="email" required maxLength={254} />
        </label>
        <label>
          Password
          <input className="field" name="password" type="password" autoComplete="current-password" required maxLength={128} />
        </label>
        <button type="submit" disabled={busy} className="button primary">
          {busy ? "One moment…" : "Sign in"}
        </button>
      </form>
      {signUpUrl ? (
        <p className="aside">
          New here? <a href={signUpUrl}>Create an account</a>
        </p>
      ) : null}
    </main>
  );
}
