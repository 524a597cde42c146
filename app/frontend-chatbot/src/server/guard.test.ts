import { createServer, request, Server, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { guardServer } from "./guard";

const emit = Server.prototype.emit;
afterEach(() => {
  Server.prototype.emit = emit;
});

async function send(port: number, headers: string): Promise<string> {
  let text = "";
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write(`GET http://127.0.0.1:80/x HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`),
    );
    socket.on("data", (data) => (text += String(data)));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
  });
  return text;
}

test("a request for WebSocket is cut off before any listener sees it; others are answered", async () => {
  const onUpgrade = vi.fn();
  const server = createServer((_, response) => response.end("hello")).on("upgrade", onUpgrade);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  guardServer();
  const { port } = server.address() as AddressInfo;
  expect(await send(port, "Connection: Upgrade\r\nUpgrade: websocket")).toBe("");
  expect(onUpgrade).not.toHaveBeenCalled();
  expect(await send(port, "Connection: close")).toContain("hello");
  server.close();
});

/** What the guarded server answers to a body of this size, and how much of it its listener got. */
async function post(size: number, { chunked = true, read = true } = {}) {
  let got = 0;
  const listener = vi.fn<RequestListener>((incoming, response) => {
    if (!read) return response.end("unread");
    incoming.on("data", (data: Buffer) => (got += data.length));
    incoming.on("error", () => response.destroy()); // Next.js answers with 500 here, or tries to
    incoming.on("end", () => response.end("whole"));
  });
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  guardServer();
  const answer = await new Promise<{ status?: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const headers = chunked ? { "transfer-encoding": "chunked" } : { "content-length": size };
    const sent = request({ host: "127.0.0.1", port, method: "POST", headers }, (response) => {
      let text = "";
      response.on("data", (data) => (text += String(data)));
      response.on("end", () => resolve({ status: response.statusCode, text, headers: response.headers }));
    }).on("error", reject);
    for (let left = size; left > 0; left -= 50_000) sent.write(Buffer.alloc(Math.min(left, 50_000)));
    sent.end();
  });
  server.closeAllConnections();
  server.close();
  return { ...answer, got, listener };
}

test.each([true, false])("a body up to the limit arrives whole (chunked: %s)", async (chunked) => {
  expect(await post(65_536, { chunked })).toMatchObject({ status: 200, text: "whole", got: 65_536 });
});

test("a body that announces to be too large is refused before any listener sees it", async () => {
  const { status, text, headers, listener } = await post(5_000_000, { chunked: false });
  expect(status).toBe(413);
  expect(headers).toMatchObject({ "content-type": "application/problem+json", connection: "close" });
  expect(JSON.parse(text)).toMatchObject({ title: "Request too large", status: 413 });
  expect(listener).not.toHaveBeenCalled();
});

test.each([65_537, 5_000_000])(
  "of a body that turns out to be too large, nothing beyond the limit is passed on (%s bytes)",
  async (size) => {
    const { status, text, headers, got } = await post(size);
    expect(status).toBe(413);
    expect(headers).toMatchObject({ connection: "close" });
    expect(JSON.parse(text)).toMatchObject({ title: "Request too large" });
    expect(got).toBeLessThanOrEqual(65_536);
  },
);

test("an answer that does not need the body is not disturbed", async () => {
  expect(await post(200_000, { read: false })).toMatchObject({ status: 200, text: "unread" });
});
