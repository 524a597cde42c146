"use client";

import { useRef, type FormEvent, type KeyboardEvent } from "react";
import { Icon } from "./Icon";

type Props = { disabled: boolean; waiting: boolean; onSend: (text: string) => void; onStop: () => void };

/** Enter sends, Shift+Enter starts a new line. */
export function Composer({ disabled, waiting, onSend, onStop }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const text = field.current?.value.trim();
    if (!text || waiting || disabled) return;
    form.current?.reset();
    onSend(text);
  }

  function onKeyDown(event: KeyboardEvent) {
    // isComposing: in Chinese, Japanese or Korean the key picks a word and must not send.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    form.current?.requestSubmit();
  }

  return (
    // method="post" so that a press before the page's scripts have loaded does not put the text in the address.
    <form ref={form} method="post" className="composer" onSubmit={submit}>
      <label htmlFor="text" className="hidden">
        Message
      </label>
      <textarea
        id="text"
        ref={field}
        rows={1}
        maxLength={4000}
        disabled={disabled}
        onKeyDown={onKeyDown}
        placeholder={disabled ? "The assistant needs a key first" : "Ask about your tasks"}
      />
      {waiting ? (
        <button type="button" className="button primary square" onClick={onStop} aria-label="Stop">
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" className="button primary square" disabled={disabled} aria-label="Send">
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
