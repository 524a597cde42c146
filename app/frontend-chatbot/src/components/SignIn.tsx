"use client";

import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { send } from "@/chat/request";
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
      await send("POST", "/api/auth/sign-in", { body: fields });
      router.refresh();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  }

  return (
    <main id="main" className="mx-auto w-full max-w-md px-4 py-10 sm:py-16">
      <h1 className="title">Talk to your task list</h1>
      <p className="mt-2 text-muted">Sign in with the account you use for your tasks.</p>
      <form method="post" action="/api/auth/sign-in" onSubmit={submit} className="card mt-8 grid gap-5 p-6 sm:p-8" aria-busy={busy}>
        <div role="alert" className="empty:-mb-5">
          {error ? <Notice text={error} /> : null}
        </div>
        <label className="grid gap-1.5 text-sm font-medium">
          Email
          <input className="field text-base" name="email" type="email" autoComplete="email" required maxLength={254} />
        </label>
        <label className="grid gap-1.5 text-sm font-medium">
          Password
          <input className="field text-base" name="password" type="password" autoComplete="current-password" required maxLength={128} />
        </label>
        <button type="submit" disabled={busy} className="button button-primary mt-1">
          {busy ? "One moment…" : "Sign in"}
        </button>
      </form>
      {signUpUrl ? (
        <p className="mt-6 text-center text-muted">
          New here?{" "}
          <a className="font-medium text-accent underline underline-offset-4 hover:no-underline" href={signUpUrl}>
            Create an account
          </a>
        </p>
      ) : null}
    </main>
  );
}
