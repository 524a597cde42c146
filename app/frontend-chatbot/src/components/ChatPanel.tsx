"use client";

import { useEffect, useRef, useState } from "react";
import { request } from "@/chat/request";
import { useChat } from "@/chat/useChat";
import type { ChatStatus } from "@/server/chat";
import { Composer } from "./Composer";
import { Icon } from "./Icon";
import { NotConfigured } from "./NotConfigured";
import { Notice } from "./Notice";

const suggestions = ["What is on my list?", "Add “buy milk” to my tasks", "What should I do first today?"];

export function ChatPanel({ initialStatus }: { initialStatus: ChatStatus }) {
  const chat = useChat();
  const [status, setStatus] = useState(initialStatus);
  const [checking, setChecking] = useState(false);
  const end = useRef<HTMLDivElement>(null);

  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [chat.messages.length, chat.waiting, chat.problem]);

  async function check() {
    setChecking(true);
    try {
      setStatus((await request("/api/chat/status")) as ChatStatus);
    } catch (error) {
      setStatus({ configured: false, reason: error instanceof Error ? error.message : String(error) });
    } finally {
      setChecking(false);
    }
  }

  return (
    <main className="chat">
      <h1 className="hidden">Assistant</h1>
      <div className="conversation">
        {status.configured ? null : <NotConfigured status={status} checking={checking} onCheck={check} />}
        {status.configured && chat.messages.length === 0 ? <Welcome onPick={chat.send} /> : null}
        <div role="log" aria-label="Conversation">
          <ol className="messages">
            {chat.messages.map((message) => (
              <li key={message.id} className={`bubble ${message.from}`}>
                <span className="hidden">{message.from === "visitor" ? "You: " : "Assistant: "}</span>
                {message.text}
              </li>
            ))}
          </ol>
        </div>
        {chat.waiting ? (
          <p role="status" className="bubble assistant typing">
            <span className="hidden">The assistant is thinking…</span>
            <i />
            <i />
            <i />
          </p>
        ) : null}
        <div role="alert">
          {chat.problem ? (
            <Notice text={chat.problem}>
              <button type="button" className="button small" onClick={chat.retry}>
                Try again
              </button>
            </Notice>
          ) : null}
        </div>
        <div ref={end} className="end" />
      </div>
      <Composer disabled={!status.configured} waiting={chat.waiting} onSend={chat.send} onStop={chat.stop} />
    </main>
  );
}

function Welcome({ onPick }: { onPick: (text: string) => void }) {
  return (
    <section className="welcome" aria-labelledby="welcome">
      <span className="badge">
        <Icon name="chat" />
      </span>
      <h2 id="welcome">How can I help?</h2>
      <p>Ask about your tasks in your own words.</p>
      <div className="suggestions">
        {suggestions.map((text) => (
          <button key={text} type="button" className="button outline" onClick={() => onPick(text)}>
            {text}
          </button>
        ))}
      </div>
    </section>
  );
}
