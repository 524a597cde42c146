import type { ChatStatus } from "@/server/chat";
import { Icon } from "./Icon";

type Props = { status: ChatStatus; checking: boolean; onCheck: () => void };

/** Why there is no assistant, and what whoever runs the application does about it. */
export function NotConfigured({ status, checking, onCheck }: Props) {
  return (
    <section className="card setup" aria-labelledby="setup">
      <span className="badge">
        <Icon name="key" />
      </span>
      <h2 id="setup">The assistant needs a key</h2>
      <p>
        {status.reason}
        {status.reason?.endsWith(".") ? "" : "."} Your tasks and everything else work without it.
      </p>
      {status.hint ? <p>{status.hint}</p> : null}
      <p>To switch the assistant on, set an OpenAI key and deploy again:</p>
      <pre tabIndex={0} aria-label="Commands">
        <code>{"pulumi config set --secret OPENAI_API_KEY <your key>\npulumi up"}</code>
      </pre>
      <button type="button" className="button primary" disabled={checking} onClick={onCheck}>
        {checking ? "Checking…" : "Check again"}
      </button>
    </section>
  );
}
