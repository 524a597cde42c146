import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Conversation } from "@/chat/conversation";
import { Chat } from "./Chat";

const refresh = vi.hoisted(() => vi.fn());
vi.mock("next/navigation", async () => {
  const { useSyncExternalStore } = await import("react");
  // Next.js keeps its hooks in step with the page's history; so does this.
  const listeners = new Set<() => void>();
  for (const method of ["pushState", "replaceState"] as const) {
    const original = window.history[method].bind(window.history);
    window.history[method] = (...args) => {
      original(...args);
      listeners.forEach((listener) => listener());
    };
  }
  const subscribe = (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener));
  return {
    useRouter: () => ({ refresh }),
    useSearchParams: () => new URLSearchParams(useSyncExternalStore(subscribe, () => window.location.search)),
  };
});

type Request = { method: string; path: string; body: Record<string, unknown>; signal?: AbortSignal };
type Handler = (request: Request) => Response | Promise<Response>;
const requests: Request[] = [];
let handler: Handler;

beforeEach(() => {
  requests.length = 0;
  refresh.mockReset();
  handler = () => new Response(null, { status: 500 });
  window.history.replaceState(null, "", "/");
  vi.stubGlobal("fetch", (path: string, { method = "GET", body, signal }: RequestInit = {}) => {
    const request = { method, path, body: JSON.parse(typeof body === "string" ? body : "{}"), signal: signal ?? undefined };
    requests.push(request);
    return Promise.resolve(handler(request));
  });
});

const id = "00000000-0000-4000-8000-000000000001";
const groceries: Conversation = {
  id,
  title: "Groceries",
  messages: [
    { id: "m1", role: "user", text: "add milk", stopped: false, tool_calls: [] },
    {
      id: "m2",
      role: "assistant",
      text: "Done.",
      stopped: false,
      tool_calls: [{ id: "1", name: "add_task", arguments: { title: "milk" }, ok: true, summary: "Added “milk”" }],
    },
  ],
};
const summary = { id, title: "Groceries" };

/** An answer whose events the test writes. */
function answer() {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  const write = (event: string, data: unknown) =>
    act(async () => {
      controller.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      await new Promise((resolve) => setTimeout(resolve));
    });
  const end = () => act(async () => (controller.close(), await new Promise((resolve) => setTimeout(resolve))));
  handler = ({ signal }) => {
    signal?.addEventListener("abort", () => controller.error(new DOMException("aborted", "AbortError")));
    return new Response(body);
  };
  return { write, end, begin: () => write("conversation", { id, title: "Groceries" }), done: () => write("done", { stopped: false }) };
}

function problem(status: number, detail: string): Response {
  return new Response(JSON.stringify({ title: "Problem", status, detail }), { status });
}

function show(props: Partial<Parameters<typeof Chat>[0]> = {}) {
  const user = userEvent.setup();
  render(
    <Chat start={{}} status={{ configured: true }} conversations={{ items: [], total: 0 }} webUrl="http://localhost:3000" {...props} />,
  );
  return { user, field: screen.getByRole("textbox", { name: "Message" }) };
}

const log = () => screen.getByRole("log", { name: "Conversation" });

test("Enter sends, Shift+Enter starts a new line, and the answer grows", async () => {
  const { write, begin, done, end } = answer();
  const { user, field } = show();
  await user.type(field, "add{Shift>}{Enter}{/Shift}milk{Enter}");
  expect(requests).toMatchObject([{ method: "POST", path: "/api/chat", body: { message: "add\nmilk" } }]);
  expect(field).toHaveValue("");
  expect(field).toHaveFocus();
  expect(log()).toHaveTextContent("Thinking…");
  await begin();
  await write("delta", { text: "I will" });
  expect(log()).toHaveTextContent("I will");
  expect(screen.getByRole("status")).toHaveTextContent("The assistant is answering."); // not every piece
  await write("tool_call", { id: "1", name: "add_task", arguments: { title: "milk" } });
  expect(log()).toHaveTextContent("Adding “milk”…");
  await write("tool_result", { id: "1", name: "add_task", ok: true, summary: "Added “milk”" });
  expect(screen.getByRole("status")).toHaveTextContent("Added “milk”");
  await write("delta", { text: " do." });
  await done();
  await end();
  expect(screen.getByRole("status")).toHaveTextContent("I will do.");
  expect(within(log()).getByRole("link", { name: "See your tasks" })).toHaveAttribute("href", "http://localhost:3000");
  expect(window.location.search).toBe(`?c=${id}`);
  expect(screen.getByRole("link", { name: "Groceries" })).toHaveAttribute("aria-current", "page");
  expect(requests).toHaveLength(1); // what is on the screen is not asked for again
});

test("the next message goes on with the conversation", async () => {
  window.history.replaceState(null, "", `/?c=${id}`);
  const { user, field } = show({ start: { conversation: groceries } });
  answer();
  await user.type(field, "and bread{Enter}");
  expect(requests).toMatchObject([{ body: { message: "and bread", conversation_id: id } }]);
});

test.each([
  ["the button", async (user: ReturnType<typeof userEvent.setup>) => user.click(screen.getByRole("button", { name: "Stop" }))],
  ["Escape", async (user: ReturnType<typeof userEvent.setup>) => user.keyboard("{Escape}")],
])("%s stops the answer: the request is aborted, the text stays", async (_, stop) => {
  const { write, begin } = answer();
  const { user, field } = show();
  await user.type(field, "hi{Enter}");
  await begin();
  await write("delta", { text: "First half" });
  await user.type(field, "my next{Enter}"); // waits for the end of the answer
  await stop(user);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.signal?.aborted).toBe(true);
  expect(log()).toHaveTextContent("First half");
  expect(log()).toHaveTextContent("Stopped before the end");
  expect(field).toHaveValue("my next");
  expect(field).toHaveFocus();
  expect(screen.getByRole("button", { name: "Send" })).toBeInTheDocument();
});

test("an answer that is not wanted is asked for again", async () => {
  window.history.replaceState(null, "", `/?c=${id}`);
  const { user } = show({ start: { conversation: groceries } });
  const { begin, write, done } = answer();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(requests).toMatchObject([{ body: { conversation_id: id, retry: true } }]);
  await begin();
  await write("delta", { text: "Better." });
  await done();
  expect(within(log()).getAllByRole("listitem").at(-1)).toHaveTextContent("Better.");
  expect(log()).not.toHaveTextContent("Done.");
});

test("a refused message is marked, and sent again by a retry", async () => {
  const { user, field } = show();
  handler = () => problem(429, "Wait a minute.");
  await user.type(field, "hi{Enter}");
  expect(await screen.findByText("Wait a minute.")).toBeInTheDocument();
  expect(log()).toHaveTextContent("Not sent");
  const { begin } = answer();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(requests.at(-1)).toMatchObject({ body: { message: "hi" } });
  await begin();
  expect(log()).not.toHaveTextContent("Not sent");
});

test("a lost connection is said, and the conversation read again", async () => {
  const { write, begin, end } = answer();
  const { user, field } = show();
  await user.type(field, "add milk{Enter}");
  await begin();
  await write("delta", { text: "Do" });
  handler = () => Response.json(groceries);
  await end();
  expect(screen.getByRole("alert")).toHaveTextContent("The connection was lost in mid-answer. Reading the conversation again…");
  await waitFor(() => expect(log()).toHaveTextContent("Done."), { timeout: 3000 });
  expect(requests.at(-1)).toMatchObject({ method: "GET", path: `/api/conversations/${id}` });
  expect(screen.getByRole("alert")).toBeEmptyDOMElement(); // the whole answer was there
});

test("an ended session is said, and signing in is one press away", async () => {
  const { user, field } = show();
  handler = () => problem(401, "No.");
  await user.type(field, "hi{Enter}");
  await user.click(await screen.findByRole("button", { name: "Sign in" }));
  expect(refresh).toHaveBeenCalled();
});

test("no key: the command, a composer that is off, and the history still readable", async () => {
  window.history.replaceState(null, "", `/?c=${id}`);
  const status = { configured: false, reason: "OPENAI_API_KEY is not set" };
  const { user, field } = show({ status, start: { conversation: groceries }, conversations: { items: [summary], total: 1 } });
  expect(screen.getByText(/pulumi config set --secret OPENAI_API_KEY/)).toBeInTheDocument();
  expect(field).toBeDisabled();
  expect(log()).toHaveTextContent("Done.");
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  handler = () => Response.json({ configured: true });
  await user.click(screen.getByRole("button", { name: "Check again" }));
  expect(field).toBeEnabled();
});

test("the key is taken away while the page is open", async () => {
  const { user, field } = show();
  handler = ({ path }) =>
    path === "/api/chat/status" ? Response.json({ configured: false, reason: "OPENAI_API_KEY is not set" }) : problem(503, "No key.");
  await user.type(field, "hi{Enter}");
  expect(await screen.findByRole("heading", { name: "The assistant needs a key" })).toBeInTheDocument();
});

test("history: opening, and deleting after a question", async () => {
  const { user } = show({ conversations: { items: [summary, { id: "other", title: "Other" }], total: 2 } });
  handler = () => Response.json(groceries);
  await user.click(screen.getByRole("link", { name: "Groceries" }));
  expect(await screen.findByText("Added “milk”")).toBeInTheDocument();
  expect(window.location.search).toBe(`?c=${id}`);

  await user.click(screen.getByRole("button", { name: "Delete “Groceries”" }));
  handler = () => problem(503, "Not now.");
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  expect(within(screen.getByRole("dialog")).getByRole("alert")).toHaveTextContent("Not now.");
  handler = () => new Response(null, { status: 204 });
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(screen.queryByRole("link", { name: "Groceries" })).toBeNull());
  expect(requests.at(-1)).toMatchObject({ method: "DELETE", path: `/api/conversations/${id}` });
  expect(window.location.search).toBe("");
  expect(screen.getByRole("heading", { name: "What shall we get done?" })).toBeInTheDocument();
});

test("history: older ones, and a list that could not be loaded", async () => {
  const { user } = show({ conversations: undefined });
  expect(screen.getByText("Your conversations could not be loaded.")).toBeInTheDocument();
  handler = () => Response.json({ items: [summary], total: 2 });
  await user.click(screen.getByRole("button", { name: "Load again" }));
  handler = () => Response.json({ items: [summary, { id: "old", title: "Old" }], total: 2 });
  await user.click(screen.getByRole("button", { name: "Show older" }));
  expect(requests.map(({ path }) => path)).toEqual(["/api/conversations?offset=0", "/api/conversations?offset=1"]);
  const links = within(screen.getByRole("navigation", { name: "Conversations" })).getAllByRole("link");
  expect(links.map((link) => link.textContent)).toEqual(["New conversation", "Groceries", "Old"]);
});

test("leaving a conversation in mid-answer ends the answer and shows nothing of it elsewhere", async () => {
  const { write, begin } = answer();
  const { user, field } = show({ conversations: { items: [{ id: "other", title: "Other" }], total: 1 } });
  await user.type(field, "hi{Enter}");
  await begin();
  await write("delta", { text: "First half" });
  await user.click(screen.getByRole("link", { name: "New conversation" }));
  expect(requests[0]?.signal?.aborted).toBe(true);
  expect(log()).not.toHaveTextContent("First half");
  expect(screen.getByRole("heading", { name: "What shall we get done?" })).toBeInTheDocument();
});

test("a suggestion is a message", async () => {
  const { user } = show();
  answer();
  await user.click(screen.getByRole("button", { name: "What is on my list?" }));
  expect(requests).toMatchObject([{ body: { message: "What is on my list?" } }]);
});
