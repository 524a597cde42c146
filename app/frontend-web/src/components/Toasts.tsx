"use client";

import type { ReactNode } from "react";
import type { Draft } from "@/tasks/draft";
import type { Snapshot } from "@/tasks/snapshot";
import type { TaskStore } from "@/tasks/store";
import { Icon } from "./Icon";

type Props = {
  store: TaskStore;
  snapshot: Snapshot;
  dropped?: Draft;
  onBringBack: (draft: Draft) => void;
  onForget: () => void;
};

/** What just happened and can be taken back or tried again. It lies over the page, so that nothing in the page moves. */
export function Toasts({ store, snapshot, dropped, onBringBack, onForget }: Props) {
  const { undo, refusal, waiting, problem } = snapshot;
  const away = snapshot.away && !problem; // a list that is not there says so itself
  return (
    <div className="pointer-events-none fixed inset-x-0 bottom-0 z-20 grid justify-items-center gap-2 p-4">
      {undo ? (
        <Toast text={undo.text} onDismiss={() => store.forget(undo)}>
          <button type="button" className="toast-action" onClick={() => store.undo()}>
            Undo
          </button>
        </Toast>
      ) : null}
      <div role="status" className="grid w-full justify-items-center empty:-mt-2">
        {dropped ? (
          <Toast text={`Your edits of “${dropped.task.title}” were dropped`} onDismiss={onForget}>
            <button type="button" className="toast-action" onClick={() => onBringBack(dropped)}>
              Bring back
            </button>
          </Toast>
        ) : null}
      </div>
      <div role="alert" className="grid w-full justify-items-center gap-2">
        {refusal ? (
          <Toast bad text={refusal.text} onDismiss={() => store.dismissRefusal()}>
            {refusal.operation ? (
              <button type="button" className="toast-action" onClick={() => store.retryRefused()}>
                Try again
              </button>
            ) : null}
          </Toast>
        ) : null}
        {away ? (
          <Toast bad text={awayText(waiting)}>
            <button type="button" className="toast-action" onClick={() => void store.retryNow()}>
              Retry now
            </button>
          </Toast>
        ) : null}
      </div>
    </div>
  );
}

function awayText(waiting: number): string {
  const kept =
    waiting === 0 ? "" : waiting === 1 ? " Your change is kept and will be sent." : ` Your ${waiting} changes are kept and will be sent.`;
  return `The server cannot be reached right now.${kept}`;
}

function Toast({ text, bad = false, onDismiss, children }: { text: string; bad?: boolean; onDismiss?: () => void; children: ReactNode }) {
  return (
    <div className="toast">
      {bad ? <Icon name="alert" className="size-5" /> : null}
      <div className="min-w-0 flex-1 py-1.5">
        <p className="line-clamp-4 wrap-anywhere">{text}</p>
      </div>
      {children}
      {onDismiss ? (
        <button type="button" onClick={onDismiss} className="toast-action px-2" aria-label="Dismiss">
          <Icon name="close" className="size-4.5" />
        </button>
      ) : null}
    </div>
  );
}
