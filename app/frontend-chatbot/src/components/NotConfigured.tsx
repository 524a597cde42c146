"use client";

import { useState } from "react";
import { read } from "@/chat/request";
import type { ChatStatus } from "@/server/chat";
import { Icon } from "./Icon";

// Without a value Pulumi asks for it, so that the key does not end up in the shell's history.
const commands = 'eval "$(make env)"\npulumi config set --secret OPENAI_API_KEY\nmake up';

type Props = { status: ChatStatus; onStatus: (status: ChatStatus) => void };

/** Why there is no assistant, and what whoever runs the application does about it. */
export function NotConfigured({ status, onStatus }: Props) {
  const [checking, setChecking] = useState(false);
  const [outcome, setOutcome] = useState("");

  async function check() {
    setChecking(true);
    setOutcome("");
    try {
      const now = await read<ChatStatus>("/api/chat/status");
      if (!now.configured) setOutcome("Still no key.");
      onStatus(now);
    } catch (error) {
      setOutcome(error instanceof Error ? error.message : String(error));
    } finally {
      setChecking(false);
    }
  }

  return (
    <section aria-labelledby="setup" className="card m-auto my-6 grid w-full justify-items-center gap-3 px-5 py-8 text-center sm:px-8">
      <span className="grid size-14 place-items-center rounded-full bg-tint text-accent">
        <Icon name="key" className="size-7" />
      </span>
      <h2 id="setup" className="font-display text-2xl font-medium tracking-tight text-balance">
        The assistant needs a key
      </h2>
      <p className="max-w-lg text-balance text-muted">{sentence(status.reason)} Your tasks and everything else work without it.</p>
      {status.hint ? <p className="max-w-lg text-balance text-muted">{status.hint}</p> : null}
      <p className="text-muted">Whoever runs this application switches it on with:</p>
      <pre tabIndex={0} aria-label="Commands" className="max-w-full overflow-x-auto rounded-lg bg-raised px-4 py-3 text-left text-sm">
        <code>{commands}</code>
      </pre>
      <button type="button" className="button button-primary mt-2" disabled={checking} onClick={check}>
        {checking ? "Checking…" : "Check again"}
      </button>
      <p role="status" className="text-sm text-muted">
        {outcome}
      </p>
    </section>
  );
}

function sentence(text = "There is no key for the model"): string {
  return text.endsWith(".") ? text : `${text}.`;
}
