import type { useChat } from "@/chat/useChat";
import { Icon } from "./Icon";
import { Notice } from "./Notice";

type Props = {
  chat: ReturnType<typeof useChat>;
  configured: boolean;
  onRetry: () => void;
  onNew: () => void;
  onSignIn: () => void;
};

/** How the last answer ended, and what can be done about it. */
export function Outcome({ chat, configured, onRetry, onNew, onSignIn }: Props) {
  const { problem, phase, messages } = chat;
  const actions = {
    retry: configured ? { text: "Try again", act: onRetry } : undefined,
    reload: { text: "Load again", act: chat.reload },
    "sign-in": { text: "Sign in", act: onSignIn },
    new: { text: "New conversation", act: onNew },
  };
  const action = problem ? actions[problem.action] : undefined;
  const last = messages.at(-1);
  return (
    <>
      <div role="alert">
        {problem ? (
          <div className="mt-6">
            <Notice text={problem.text}>
              {action ? (
                <button type="button" className="button ml-auto border border-current px-3 py-0.5 text-sm" onClick={action.act}>
                  {action.text}
                </button>
              ) : null}
            </Notice>
          </div>
        ) : null}
        {phase === "reconnecting" ? (
          <p className="mt-6 flex items-center gap-2 text-sm text-muted">
            <Icon name="work" className="size-4 animate-spin" />
            The connection was lost in mid-answer. Reading the conversation again…
          </p>
        ) : null}
      </div>
      {last && configured && phase === "idle" && !problem ? (
        <div className="mt-3 flex flex-wrap items-center gap-2 text-sm text-muted">
          {last.role === "user" ? <p>This message has no answer.</p> : null}
          <button type="button" className="button button-quiet -ml-2 gap-1.5 px-2 py-1 text-sm font-normal" onClick={onRetry}>
            <Icon name="retry" className="size-4" />
            Try again
          </button>
        </div>
      ) : null}
    </>
  );
}
