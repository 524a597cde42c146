import { createServer, Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { refuseUpgrades } from "./upgrades";

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
  refuseUpgrades();
  const { port } = server.address() as AddressInfo;
  expect(await send(port, "Connection: Upgrade\r\nUpgrade: websocket")).toBe("");
  expect(onUpgrade).not.toHaveBeenCalled();
  expect(await send(port, "Connection: close")).toContain("hello");
  server.close();
});
