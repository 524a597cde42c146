import { Readable } from "node:stream";
import { getCloneableBody } from "next/dist/server/body-streams";
import type { IncomingMessage } from "node:http";
import { expect, test, vi } from "vitest";
import config from "../../next.config";
import { readBody } from "./body";

function request(type: string, body: string): Request {
  return new Request("http://localhost/", { method: "POST", headers: { "content-type": type }, body });
}

test("reads JSON objects and forms", async () => {
  expect(await readBody(request("application/json; charset=utf-8", '{"title":"a"}'))).toEqual({ fields: { title: "a" }, form: false });
  expect(await readBody(request("application/x-www-form-urlencoded", "email=a%40b.c"))).toEqual({ fields: { email: "a@b.c" }, form: true });
});

test.each([
  ["text/plain", "{}", 415],
  ["application/json", "{", 400],
  ["application/json", "[]", 400],
  ["application/json", "null", 400],
  ["application/json", `{"a":"${"x".repeat(70_000)}"}`, 413],
])("refuses %s %#", async (type, body, status) => {
  expect(await readBody(request(type, body))).toMatchObject({ problem: { status } });
});

test("of a body that does not announce its length, nothing is read beyond the limit", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1024;
      controller.enqueue(new Uint8Array(1024).fill(0x20));
      if (sent > 10_000_000) controller.close();
    },
  });
  const headers = { "content-type": "application/json" };
  const chunked = new Request("http://localhost/", { method: "POST", headers, body: endless, duplex: "half" } as RequestInit);
  expect(await readBody(chunked)).toMatchObject({ problem: { status: 413 } });
  expect(sent).toBeLessThan(70_000);
});

test("the limit counts bytes", async () => {
  const just = `{"a":"${"é".repeat((64 * 1024 - 8) / 2)}"}`;
  expect(await readBody(request("application/json", just))).not.toHaveProperty("problem");
  expect(await readBody(request("application/json", just + " "))).toMatchObject({ problem: { status: 413 } });
});

test("a body that Next.js has cut off is too large, and not half of a form", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {}); // Next.js says that it cuts
  const input = new Readable({ read() {} }) as IncomingMessage;
  const cloneable = getCloneableBody(input, Number(config.experimental?.proxyClientMaxBodySize));
  cloneable.cloneBodyStream();
  // A whole read of the socket is what can be cut off at most.
  for (const size of [1, 65_536, 65_536, 65_536]) input.push(Buffer.alloc(size, "a"));
  input.push(null);
  await cloneable.finalize();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = Readable.toWeb(input) as ReadableStream;
  const cut = new Request("http://localhost/", { method: "POST", headers, body, duplex: "half" } as RequestInit);
  expect(await readBody(cut)).toMatchObject({ problem: { status: 413 } });
});
