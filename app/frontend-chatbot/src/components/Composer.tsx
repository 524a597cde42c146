"use client";

import { useEffect, useLayoutEffect, useState, type FormEvent, type KeyboardEvent, type RefObject } from "react";
import { Icon } from "./Icon";

const maxLength = 4000;

type Props = {
  field: RefObject<HTMLTextAreaElement>;
  configured: boolean;
  canSend: boolean;
  busy: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
};

/** Enter sends, Shift+Enter starts a new line. What is typed while an answer is coming waits until it is there. */
export function Composer({ field, configured, canSend, busy, onSend, onStop }: Props) {
  const [text, setText] = useState("");

  // What was typed before the page's scripts had loaded is in the field, and React does not know of it.
  useEffect(() => {
    if (field.current?.value) setText(field.current.value);
  }, [field]);

  useLayoutEffect(() => {
    if (field.current) fit(field.current);
  }, [field, text]);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!text.trim() || !canSend) return;
    setText("");
    onSend(text.trim());
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    // isComposing: in Chinese, Japanese or Korean the key picks a word and must not send.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  }

  const left = maxLength - text.length;
  return (
    // method="post" so that a press before the page's scripts have loaded does not put the text in the address.
    <form method="post" className="pb-4" onSubmit={submit}>
      <div className="flex items-end gap-2 rounded-2xl border border-edge bg-surface p-1.5 focus-within:outline-2 focus-within:-outline-offset-1 focus-within:outline-accent has-disabled:bg-raised">
        <label htmlFor="text" className="sr-only">
          Message
        </label>
        <textarea
          id="text"
          ref={field}
          rows={1}
          maxLength={maxLength}
          value={text}
          disabled={!configured}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          aria-describedby="text-hint"
          placeholder={configured ? "Ask about your tasks" : "Needs a key first"}
          className="max-h-48 min-w-0 flex-1 resize-none bg-transparent px-3 py-2.5 outline-none placeholder:text-muted disabled:cursor-not-allowed"
        />
        {busy ? (
          <button type="button" className="button button-primary size-11 rounded-xl p-0" onClick={onStop} aria-label="Stop">
            <Icon name="stop" className="size-5 fill-current" />
          </button>
        ) : (
          <button type="submit" className="button button-primary size-11 rounded-xl p-0" disabled={!configured} aria-label="Send">
            <Icon name="send" />
          </button>
        )}
      </div>
      <p id="text-hint" hidden={!configured} className="mt-1.5 px-2 text-center text-xs text-muted">
        {left < 500 ? (
          `${left} characters left`
        ) : (
          <span className="pointer-coarse:sr-only">
            {busy ? "Escape stops the answer." : "Enter sends, Shift+Enter starts a new line."}
          </span>
        )}
      </p>
    </form>
  );
}

/** As high as its text, up to the limit in its class. */
function fit(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
