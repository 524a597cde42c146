import type { Message } from "@/chat/conversation";
import { Markdown } from "./Markdown";
import { ToolCalls } from "./ToolCalls";

/** The conversation so far. Not read out as it grows: Chat announces each step and the whole answer instead. */
export function Messages({ messages, webUrl }: { messages: Message[]; webUrl?: string }) {
  return (
    <div role="log" aria-live="off" aria-label="Conversation">
      <ol className="grid gap-6">
        {messages.map((message, index) => (
          <li key={index} data-role={message.role} aria-busy={message.state === "streaming"} className="grid">
            {message.role === "user" ? <Question message={message} /> : <Answer message={message} webUrl={webUrl} />}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Question({ message }: { message: Message }) {
  return (
    <div className="max-w-[85%] justify-self-end">
      <p className="rounded-2xl rounded-br-md bg-tint px-4 py-2.5 wrap-anywhere whitespace-pre-wrap">
        <span className="sr-only">You: </span>
        {message.text}
      </p>
      {message.state === "unsent" ? <p className="mt-1 text-right text-sm text-danger">Not sent</p> : null}
    </div>
  );
}

function Answer({ message, webUrl }: { message: Message; webUrl?: string }) {
  const { text, toolCalls, state } = message;
  const streaming = state === "streaming";
  const thinking = streaming && !text && !toolCalls.some((call) => call.state === "running");
  return (
    <div className="min-w-0">
      <span className="sr-only">Assistant: </span>
      <ToolCalls calls={toolCalls} webUrl={webUrl} />
      {text ? <Markdown text={text} streaming={streaming} /> : null}
      {thinking ? <Thinking /> : null}
      {state === "stopped" ? <p className="mt-2 text-sm text-muted">Stopped before the end</p> : null}
    </div>
  );
}

function Thinking() {
  return (
    <p className="flex h-7 items-center gap-1.5">
      <span className="sr-only">Thinking…</span>
      {["", "[animation-delay:200ms]", "[animation-delay:400ms]"].map((delay) => (
        <span key={delay} className={`size-2 animate-pulse rounded-full bg-muted ${delay}`} />
      ))}
    </p>
  );
}
