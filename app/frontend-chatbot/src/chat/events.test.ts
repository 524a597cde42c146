import { afterEach, expect, test, vi } from "vitest";
import { ConnectionLost, readEvents, type ChatEvent } from "./events";

afterEach(() => vi.useRealTimers());

const utf8 = new TextEncoder();
const doneEvent = 'event: done\ndata: {"message_id":"m","stopped":false}\n\n';
const done = { type: "done", stopped: false };

function stream(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === "string" ? utf8.encode(chunk) : chunk);
      controller.close();
    },
  });
}

async function collect(body: ReadableStream<Uint8Array>): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

test("reads every event of an answer", async () => {
  const text = [
    'event: conversation\ndata: {"id":"c","title":"Milk"}\n\n',
    'event: tool_call\ndata: {"id":"1","name":"add_task","arguments":{"title":"milk"}}\n\n',
    'event: tool_result\ndata: {"id":"1","name":"add_task","ok":true,"summary":"Added “milk”"}\n\n',
    'event: delta\ndata: {"text":"Done"}\n\n',
    doneEvent,
  ];
  expect(await collect(stream(...text))).toEqual([
    { type: "conversation", id: "c", title: "Milk" },
    { type: "tool_call", id: "1", name: "add_task", arguments: { title: "milk" } },
    { type: "tool_result", id: "1", ok: true, summary: "Added “milk”" },
    { type: "delta", text: "Done" },
    done,
  ]);
});

test.each(["\n", "\r\n"])("is the same wherever the network cuts it, with lines ended by %j", async (newline) => {
  const bytes = utf8.encode(`: keep-alive\n\nevent: delta\ndata: {"text":"zwölf € ✅ 👩‍💻"}\n\n${doneEvent}`.replaceAll("\n", newline));
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(await collect(stream(bytes.slice(0, cut), bytes.slice(cut))), `cut after byte ${cut}`).toEqual([
      { type: "delta", text: "zwölf € ✅ 👩‍💻" },
      done,
    ]);
  }
});

test("passes over what it does not know or cannot read", async () => {
  const odd = [
    ": a comment\n\n",
    'event: usage\ndata: {"tokens":5}\n\n',
    'data: {"text":"without a name"}\n\n',
    "event: delta\ndata: {not JSON\n\n",
    "event: delta\ndata: null\n\n",
    "event: conversation\ndata: {}\n\n",
    "id: 7\nretry: 10\n\n",
  ];
  expect(await collect(stream(...odd, doneEvent))).toEqual([{ type: "delta", text: "" }, done]);
});

test.each([
  ["ends early", () => stream('event: delta\ndata: {"text":"a"}\n\n')],
  ["ends in the middle of an event", () => stream("event: done\ndata: {}\n")],
  ["breaks", () => new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new TypeError("network error")) })],
])("a stream that %s is a lost connection", async (_, body) => {
  await expect(collect(body())).rejects.toThrow(ConnectionLost);
});

test("a stream that is silent for too long is a lost connection, and is closed", async () => {
  vi.useFakeTimers();
  const cancel = vi.fn();
  const outcome = expect(collect(new ReadableStream({ cancel }))).rejects.toThrow(ConnectionLost);
  await vi.advanceTimersByTimeAsync(46_000);
  await outcome;
  expect(cancel).toHaveBeenCalled();
});

test("is not closed from this side after its last event, which would look like Stop", async () => {
  const cancel = vi.fn();
  let end = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(utf8.encode(doneEvent));
      end = () => controller.close();
    },
    cancel,
  });
  const events = readEvents(body);
  expect((await events.next()).value).toEqual(done);
  const rest = events.next();
  end();
  expect((await rest).done).toBe(true);
  expect(cancel).not.toHaveBeenCalled();
});
