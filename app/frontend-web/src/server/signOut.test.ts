import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { POST } from "@/app/api/auth/sign-out/route";

const cookies = vi.hoisted(() => ({ get: vi.fn(), set: vi.fn() }));
vi.mock("next/headers", () => ({ cookies: () => Promise.resolve(cookies) }));

let seen: { method?: string; url?: string; headers: IncomingHttpHeaders }[];
let status: number | "silent";
let server: Server;

beforeEach(async () => {
  vi.clearAllMocks();
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  seen = [];
  status = 204;
  cookies.get.mockReturnValue({ value: "the-token" });
  server = createServer(({ method, url, headers }, response) => {
    seen.push({ method, url, headers });
    if (status !== "silent") response.writeHead(status).end(status === 204 ? undefined : JSON.stringify({ title: "No", status }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("API_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function signOut(headers: Record<string, string> = {}): Promise<Response> {
  return POST(new Request("http://localhost/api/auth/sign-out", { method: "POST", headers }));
}
const cleared = () => expect(cookies.set).toHaveBeenCalledWith("todo_session", "", expect.objectContaining({ maxAge: 0 }));

test("signing out revokes the session at the backend", async () => {
  expect((await signOut()).status).toBe(204);
  expect(seen).toMatchObject([{ method: "POST", url: "/api/auth/logout", headers: { authorization: "Bearer the-token" } }]);
  cleared();
  expect(console.log).not.toHaveBeenCalled();
});

test.each([
  ["no longer knows the session", 401, 0],
  ["is older and cannot revoke", 404, 1],
  ["fails", 500, 1],
  ["does not answer", "silent", 1],
] as const)("a backend that %s keeps nobody signed in", async (_, answer, warnings) => {
  status = answer;
  expect((await signOut()).status).toBe(204);
  expect(seen).toHaveLength(1);
  cleared();
  expect(console.log).toHaveBeenCalledTimes(warnings);
  expect(JSON.stringify(vi.mocked(console.log).mock.calls)).not.toContain("the-token");
});

test("a backend that is away keeps nobody signed in", async () => {
  vi.stubEnv("API_URL", "http://127.0.0.1:1");
  expect((await signOut()).status).toBe(204);
  cleared();
});

test("a plain form is led on", async () => {
  const response = await signOut({ "content-type": "application/x-www-form-urlencoded" });
  expect([response.status, response.headers.get("location")]).toEqual([303, "/sign-in"]);
  cleared();
});

test("without a session there is nothing to revoke, and another site signs nobody out", async () => {
  expect((await signOut({ origin: "https://evil.example", host: "localhost" })).status).toBe(403);
  expect(cookies.set).not.toHaveBeenCalled();
  cookies.get.mockReturnValue(undefined);
  expect((await signOut()).status).toBe(204);
  expect(seen).toEqual([]);
  cleared();
});
