import { createParser } from "eventsource-parser";

/** The events of an answer; the backend's API description has the same. */
export type ChatEvent =
  | { type: "conversation"; id: string; title: string }
  | { type: "delta"; text: string }
  | { type: "tool_call"; id: string; name: string; arguments: unknown }
  | { type: "tool_result"; id: string; ok: boolean; summary: string }
  | { type: "done"; stopped: boolean }
  | { type: "error"; title: string; detail?: string; status?: number };

/** The stream ended, or went silent, before its last event. */
export class ConnectionLost extends Error {}

// The backend writes something at least every 15 s.
const silenceMs = 45_000;

/** Reads an answer's events. Throws ConnectionLost when the stream ends without `done` or `error`. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // keeps the first bytes of a character that the network cut in two
  let ready: ChatEvent[] = [];
  let complete = false;
  const parser = createParser({
    onEvent: ({ event, data }) => {
      const known = toEvent(event, data);
      if (known) ready.push(known);
    },
  });
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done && !complete) throw new ConnectionLost();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      const events = ready;
      ready = [];
      for (const event of events) {
        // After its last event the stream is read to its end: closing it early would look like Stop to the backend.
        complete ||= event.type === "done" || event.type === "error";
        yield event;
      }
    }
  } catch (error) {
    if (!complete) throw error;
  } finally {
    reader.cancel().catch(() => undefined); // a stream that nobody reads must not stay open
  }
}

async function withinSilence<T>(reading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConnectionLost()), silenceMs);
  });
  try {
    return await Promise.race([reading, silence]);
  } catch (error) {
    throw error instanceof Error && error.name === "AbortError" ? error : new ConnectionLost();
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined for an event that this version does not know, or whose data is not what it should be. */
function toEvent(type: string | undefined, data: string): ChatEvent | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = Object(JSON.parse(data)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  switch (type) {
    case "conversation":
      return text("id") ? { type, id: text("id"), title: text("title") } : undefined;
    case "delta":
      return { type, text: text("text") };
    case "tool_call":
      return { type, id: text("id"), name: text("name"), arguments: fields.arguments };
    case "tool_result":
      return { type, id: text("id"), ok: fields.ok === true, summary: text("summary") };
    case "done":
      return { type, stopped: fields.stopped === true };
    case "error":
      return { type, title: text("title"), detail: text("detail"), status: typeof fields.status === "number" ? fields.status : undefined };
    default:
      return undefined;
  }
}
