import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { callBackend, streamBackend } from "./backend";

let server: Server | undefined;
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function backend(listener: RequestListener): Promise<void> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("API_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

test("sends the token and returns the answer", async () => {
  await backend((request, response) => response.end(JSON.stringify({ path: request.url, auth: request.headers.authorization })));
  const answer = await callBackend("/api/tasks", { method: "GET", token: "t" });
  expect(answer).toEqual({ ok: true, status: 200, body: { path: "/api/tasks", auth: "Bearer t" } });
});

test("passes the backend's problem on as it is", async () => {
  const problem = { type: "about:blank", title: "Conflict", status: 409, detail: "Taken.", request_id: "r" };
  await backend((_, response) => response.writeHead(409, { "retry-after": "3" }).end(JSON.stringify(problem)));
  expect(await callBackend("/", { method: "POST", body: {} })).toEqual({ ok: false, problem, retryAfter: "3" });
});

test("an answer that is not JSON is a 502 problem without its text", async () => {
  await backend((_, response) => response.writeHead(500).end("<h1>Traceback</h1>"));
  const answer = await callBackend("/", { method: "GET" });
  expect(answer).toMatchObject({ ok: false, problem: { status: 502 } });
  expect(JSON.stringify(answer)).not.toContain("Traceback");
});

test("a redirect is not followed with the token", async () => {
  await backend((_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
  expect(await callBackend("/", { method: "GET", token: "t" })).toMatchObject({ ok: false, problem: { status: 502 } });
});

test.each([
  ["GET", 2, { ok: true, status: 200, body: { at: 2 } }],
  ["POST", 1, { ok: false, problem: { status: 503 } }], // it may have been done
])("a %s on a connection that the backend closes is asked %i times", async (method, times, answer) => {
  let asked = 0;
  await backend((request, response) => {
    if (++asked === 1) request.socket.destroy();
    else response.end(JSON.stringify({ at: asked }));
  });
  expect(await callBackend("/", { method })).toMatchObject(answer);
  expect(asked).toBe(times);
});

test("a backend that is not there is a 503 problem", async () => {
  vi.stubEnv("API_URL", "http://127.0.0.1:1");
  expect(await callBackend("/", { method: "GET" })).toMatchObject({ ok: false, problem: { status: 503 } });
});

const events = { "content-type": "text/event-stream; charset=utf-8" };

test("a stream's parts arrive as they are written", async () => {
  let rest = () => {};
  await backend((_, response) => {
    response.writeHead(200, events).write("first");
    rest = () => response.end("second");
  });
  const answer = await streamBackend("/", { method: "POST", body: {} });
  if (!answer.ok) throw new Error(answer.problem.title);
  const reader = answer.stream.getReader();
  const part = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await part()).toBe("first"); // before the second is written
  rest();
  expect(await part()).toBe("second");
  expect((await reader.read()).done).toBe(true);
});

test.each([
  ["the visitor's request is aborted", (visitor: AbortController) => visitor.abort()],
  ["the stream is cancelled", (_: AbortController, stream: ReadableStream) => void stream.cancel()],
])("the backend's connection is closed when %s", async (_, stop) => {
  let closed: Promise<void> | undefined;
  await backend((_, response) => {
    closed = new Promise((resolve) => response.on("close", resolve));
    response.writeHead(200, events).write("first");
  });
  const visitor = new AbortController();
  const answer = await streamBackend("/", { method: "POST", body: {}, signal: visitor.signal });
  if (!answer.ok) throw new Error(answer.problem.title);
  stop(visitor, answer.stream);
  await closed; // or the test runs into its time limit
});

test("a backend lost in mid-answer ends the stream, and is logged without its text", async () => {
  await backend((_, response) => {
    response.writeHead(200, events).write("first");
    setImmediate(() => response.destroy());
  });
  const answer = await streamBackend("/", { method: "POST", body: {} });
  if (!answer.ok) throw new Error(answer.problem.title);
  expect(await new Response(answer.stream).text()).toBe("first");
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("backend lost in mid-answer"));
});

test.each([
  ["a problem is passed on", 429, "application/problem+json", '{"title":"Too many requests","status":429}', 429],
  ["JSON instead of a stream is a 502 problem", 200, "application/json", '{"reply":"x"}', 502],
  ["a page instead of a stream is a 502 problem", 200, "text/html", "<p>x", 502],
])("before the stream starts: %s", async (_, status, type, text, expected) => {
  await backend((_, response) => response.writeHead(status, { "content-type": type }).end(text));
  expect(await streamBackend("/", { method: "POST", body: {} })).toMatchObject({ ok: false, problem: { status: expected } });
});
