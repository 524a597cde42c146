import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { callBackend } from "./backend";

let server: Server | undefined;
beforeEach(() => vi.spyOn(console, "error").mockImplementation(() => {}));
afterEach(() => {
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
