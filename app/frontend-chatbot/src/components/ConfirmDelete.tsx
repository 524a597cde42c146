"use client";

import { useState } from "react";
import type { Summary } from "@/chat/conversation";
import { Dialog } from "./Dialog";
import { Notice } from "./Notice";

type Props = { conversation: Summary; onDelete: () => Promise<void>; onClose: () => void };

export function ConfirmDelete({ conversation, onDelete, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function confirm() {
    setBusy(true);
    setProblem(undefined);
    try {
      await onDelete();
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      label="Delete this conversation?"
      className="m-auto w-full max-w-md rounded-2xl p-0 max-md:max-w-[calc(100%-2rem)]"
      onClose={onClose}
    >
      {/* The padding is inside, so that a press on it is not one beside the dialog. */}
      <div className="p-6">
        <h2 className="font-display text-xl font-medium">Delete this conversation?</h2>
        <p className="mt-2 wrap-anywhere text-muted">“{conversation.title}” is removed for good. Your tasks stay as they are.</p>
        <div role="alert">
          {problem ? (
            <div className="mt-4">
              <Notice text={problem} />
            </div>
          ) : null}
        </div>
        <div className="mt-6 flex flex-wrap justify-end gap-2">
          <button type="button" className="button button-quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="button button-danger" disabled={busy} onClick={confirm}>
            {busy ? "Deleting…" : "Delete"}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
