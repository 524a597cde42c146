import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { maxBytes, tooLarge } from "./body";

const lingerMs = 2_000;

/**
 * Stands between Node's HTTP server and Next.js 14, which is given neither of these:
 * - a request for WebSocket. This service has none, but Next.js would proxy it to an address that its sender chooses
 *   (CVE-2026-44578, fixed in 15.5.16 only): the connection is closed.
 * - a body beyond the limit. Next.js keeps a copy of every body for the middleware, however large: it is answered with 413.
 *
 * The framework makes the HTTP server, and gives no way to reach it: hence the prototype.
 */
export function guardServer(): void {
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    if (event === "upgrade") {
      (args[1] as Socket).destroy();
      return true;
    }
    if (event === "request" && !admitBody(args[0] as IncomingMessage, args[1] as ServerResponse)) return true;
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
}

/** False when the request has been answered here. One that announces no length is admitted, and its bytes are counted as they come. */
function admitBody(request: IncomingMessage, response: ServerResponse): boolean {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    refuse(response);
    request.once("end", () => response.end()).resume();
    return false;
  }
  if (request.headers["transfer-encoding"] === undefined) return true;
  const push = request.push.bind(request);
  let bytes = 0;
  // What the parser reads comes through here, before anybody has it. To listen for "data" would start the stream too early.
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    const before = bytes;
    bytes += chunk?.length ?? 0;
    if (bytes <= maxBytes) return push(chunk, encoding);
    // Whoever waits for the body waits until the connection closes: to end it would be to pass half of it off as the whole.
    if (before <= maxBytes) refuse(response);
    if (chunk === null) response.end();
    return true;
  };
  return true;
}

/** Answers, and closes the connection a moment later: with unread bytes in it, the sender would lose the answer. */
function refuse(response: ServerResponse): void {
  setTimeout(() => response.socket?.destroy(), lingerMs).unref();
  if (response.headersSent) return;
  const text = JSON.stringify(tooLarge());
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store", "content-length": Buffer.byteLength(text) };
  response.writeHead(413, { ...headers, connection: "close" }).write(text);
}
