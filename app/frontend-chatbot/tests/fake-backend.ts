import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Conversation, StoredMessage } from "@/chat/conversation";

type Send = (event: string, data: unknown) => void;
type Turn = { conversation: Conversation; text: string; answer: StoredMessage; send: Send; response: ServerResponse };

/** The backend's side of the chat for tests: kept in memory, and answering by the words of the message. */
export class FakeBackend {
  conversations: Conversation[] = [];
  configured = true;
  signedIn = true;
  /** Answers whose connection was closed from the other side before their end. */
  stopped = 0;
  /** Ends the pause in an answer to "wait". */
  proceed: () => void = () => undefined;
  private server?: Server;
  private nextId = 1;

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise<void>((resolve) => this.server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  /** Puts a conversation there as if it had been held before. */
  add(title: string, ...texts: string[]): Conversation {
    const messages = texts.map((text, index) => this.message(index % 2 ? "assistant" : "user", text));
    const conversation = { id: this.id(), title, messages };
    this.conversations.unshift(conversation);
    return conversation;
  }

  private id = () => `00000000-0000-4000-8000-${String(this.nextId++).padStart(12, "0")}`;

  private message(role: StoredMessage["role"], text: string): StoredMessage {
    return { id: this.id(), role, text, stopped: false, tool_calls: [] };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const json = (status: number, body: unknown) =>
      response
        .writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" })
        .end(JSON.stringify(body));
    const problem = (status: number, title: string, detail: string) => json(status, { type: "about:blank", title, status, detail });

    if (url.pathname === "/api/chat/status") return void json(200, { configured: this.configured, reason: "OPENAI_API_KEY is not set" });
    if (url.pathname === "/api/auth/login") return void json(200, { token: "fake.token", user: { email: "ada@example.com" } });
    if (request.headers.authorization !== "Bearer fake.token" || !this.signedIn) {
      return void problem(401, "Unauthorized", "The session is not valid.");
    }
    if (url.pathname === "/api/auth/me") return void json(200, { email: "ada@example.com" });
    if (url.pathname === "/api/chat") return this.chat(JSON.parse(await read(request)) as ChatRequest, response, problem);
    if (url.pathname === "/api/conversations") {
      const [limit, offset] = ["limit", "offset"].map((name) => Number(url.searchParams.get(name))) as [number, number];
      const items = this.conversations.slice(offset, offset + limit).map(({ id, title }) => ({ id, title }));
      return void json(200, { items, total: this.conversations.length });
    }
    const conversation = this.conversations.find(({ id }) => url.pathname === `/api/conversations/${id}`);
    if (!conversation) return void problem(404, "Not found", "There is no such conversation.");
    if (request.method === "GET") return void json(200, conversation);
    this.conversations = this.conversations.filter((each) => each !== conversation);
    response.writeHead(204).end();
  }

  private async chat(
    request: ChatRequest,
    response: ServerResponse,
    problem: (status: number, title: string, detail: string) => void,
  ): Promise<void> {
    const held = this.conversations.find(({ id }) => id === request.conversation_id);
    if (request.conversation_id && !held) return problem(404, "Not found", "There is no such conversation.");
    if (!this.configured) return problem(503, "Service unavailable", "OPENAI_API_KEY is not set");
    if (request.message === "busy") return problem(429, "Too many requests", "Wait a minute.");
    const conversation = held ?? this.add(request.message ?? "");
    if (request.retry) {
      conversation.messages.length = 1 + conversation.messages.findLastIndex(({ role }) => role === "user");
    } else {
      conversation.messages.push(this.message("user", request.message ?? ""));
    }
    const text = conversation.messages.at(-1)?.text ?? "";
    const answer = this.message("assistant", "");

    response.writeHead(200, { "content-type": "text/event-stream" });
    const send: Send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    send("conversation", { id: conversation.id, title: conversation.title });
    let finished = false;
    response.on("close", () => {
      if (finished) return;
      this.stopped++;
      if (answer.text || answer.tool_calls.length) conversation.messages.push({ ...answer, stopped: true });
    });
    const complete = await this.script({ conversation, text, answer, send, response });
    if (!complete) return;
    finished = true;
    conversation.messages.push(answer);
    send("done", { message_id: answer.id, stopped: false });
    response.end();
  }

  /** Writes an answer; false when it did not come to its end. */
  private async script({ text, answer, send, response }: Turn): Promise<boolean> {
    const say = (part: string) => {
      answer.text += part;
      send("delta", { text: part });
    };
    const title = /^add (.+)/i.exec(text)?.[1];
    if (title) {
      send("tool_call", { id: "call_1", name: "add_task", arguments: { title } });
      if (title.endsWith("slowly")) await this.pause();
      const ok = !title.endsWith("badly");
      const summary = ok ? `Added “${title}”` : "The task could not be added";
      answer.tool_calls.push({ id: "call_1", name: "add_task", arguments: { title }, ok, summary });
      send("tool_result", { id: "call_1", name: "add_task", ok, summary });
      say(ok ? `Done: **${title}** is on your list.` : "Sorry, that did not work.");
      return true;
    }
    if (text === "markdown") return (say(markdown), true);
    if (text === "long") return (say(Array.from({ length: 60 }, (_, line) => `Line ${line}.\n\n`).join("")), true);
    if (text === "fail") {
      say("I was about to");
      send("error", { title: "Gateway timeout", status: 504, detail: "The model did not answer in time." });
      return (response.end(), false);
    }
    if (text === "wait" || text === "drop") {
      say("First half");
      await this.pause();
      if (text === "drop") return (response.destroy(), false);
      say(", second half.");
      return !response.destroyed;
    }
    response.write(": keep-alive\n\n");
    for (const word of `You said “${text}”. ✅`.split(/(?= )/)) say(word);
    return true;
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => (this.proceed = resolve));
  }
}

type ChatRequest = { message?: string; conversation_id?: string; retry?: boolean };

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const markdown = `## Your week

You have **three** open tasks, *one* of them due today:

1. Buy milk
2. Call [the dentist](https://example.com/dentist)
   - before noon
   - ask about Thursday
3. Send \`report.pdf\`

| Task | Due |
|---|---|
| Buy milk | today |
| Send the report to everybody who asked for it | Friday |

\`\`\`sh
curl -H 'Accept: application/json' https://example.com/api/tasks?done=false&sort=due&limit=20
\`\`\`

> Start with the dentist.

- [x] Water the plants
- [ ] Buy milk

<img src=x onerror=alert(1)> <script>alert(1)</script> [click](javascript:alert(1)) ![photo](https://example.com/leak.png)
`;
