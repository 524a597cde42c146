import { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Closes every connection that asks for WebSocket. This service has none, but Next.js 14 would proxy such a request to
 * an address that its sender chooses (CVE-2026-44578, fixed in 15.5.16 only). The framework makes the HTTP server, and
 * gives no way to reach it: hence the prototype.
 */
export function refuseUpgrades(): void {
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    if (event !== "upgrade") return Reflect.apply(emit, this, [event, ...args]) as boolean;
    (args[1] as Socket).destroy();
    return true;
  };
}
