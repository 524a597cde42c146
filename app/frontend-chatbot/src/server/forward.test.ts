import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { POST } from "@/app/api/chat/route";
import { GET as list } from "@/app/api/conversations/route";
import { DELETE, GET } from "@/app/api/conversations/[id]/route";

const cookies = vi.hoisted(() => ({ get: vi.fn(), set: vi.fn() }));
vi.mock("next/headers", () => ({ cookies: () => cookies }));

type Seen = { method?: string; url?: string; headers: IncomingHttpHeaders; body: string };
const seen: Seen[] = [];
let status = 200;
let server: Server;

beforeEach(async () => {
  seen.length = 0;
  status = 200;
  vi.clearAllMocks();
  cookies.get.mockReturnValue({ value: "the-token" });
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      if (status === 204) return response.writeHead(204).end();
      if (status >= 400) return response.writeHead(status).end(JSON.stringify({ title: "Refused", status }));
      if (request.url === "/api/chat") return response.writeHead(200, { "content-type": "text/event-stream" }).end("event: done\n");
      response.writeHead(200).end(JSON.stringify({ items: [], total: 0 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("API_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => server.close());

const id = "00000000-0000-4000-8000-000000000001";

function chat(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
  return POST(new Request("http://localhost:3001/api/chat", init));
}

test("a chat is passed on with the token, and its stream back without being held", async () => {
  const response = await chat({ message: "hi", conversation_id: id, model: "something dearer" });
  expect(await response.text()).toBe("event: done\n");
  expect(seen[0]?.headers.authorization).toBe("Bearer the-token");
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ message: "hi", conversation_id: id });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  expect(JSON.stringify([...response.headers])).not.toContain("the-token");
});

test("a retry is passed on as one", async () => {
  await chat({ conversation_id: id, retry: true });
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ conversation_id: id, retry: true });
});

test("nobody asks the backend without a session, or from another site", async () => {
  expect((await chat({ message: "hi" }, { origin: "https://evil.example", host: "localhost:3001" })).status).toBe(403);
  cookies.get.mockReturnValue(undefined);
  expect((await chat({ message: "hi" })).status).toBe(401);
  expect((await list(new Request("http://localhost:3001/api/conversations"))).status).toBe(401);
  expect(seen).toEqual([]);
});

test("a session that the backend no longer knows is given up", async () => {
  status = 401;
  expect((await chat({ message: "hi" })).status).toBe(401);
  expect(cookies.set).toHaveBeenCalledWith("todo_session", "", expect.objectContaining({ maxAge: 0 }));
});

test.each([
  ["", 0],
  ["?offset=20", 20],
  ["?offset=-1", 0],
  ["?offset=20%26user=1&limit=9999", 0],
])("a page of conversations: %s", async (search, offset) => {
  await list(new Request(`http://localhost:3001/api/conversations${search}`));
  expect(seen[0]?.url).toBe(`/api/conversations?limit=20&offset=${offset}`);
});

test("a conversation is read and deleted", async () => {
  const address = `http://localhost:3001/api/conversations/${id}`;
  expect((await GET(new Request(address), { params: { id } })).status).toBe(200);
  status = 204;
  expect((await DELETE(new Request(address, { method: "DELETE" }), { params: { id } })).status).toBe(204);
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([`GET /api/conversations/${id}`, `DELETE /api/conversations/${id}`]);
});

test.each(["..", "../tasks", "%2e%2e%2ftasks", "1", `${id}/x`, `${id}?x`, ""])("an id cannot name another path: %j", async (bad) => {
  const response = await GET(new Request("http://localhost:3001/"), { params: { id: bad } });
  expect(response.status).toBe(404);
  expect(seen).toEqual([]);
});
