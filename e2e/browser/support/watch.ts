import type { BrowserContext, Response } from "@playwright/test";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chatbotUrl, webUrl } from "./stack.ts";

const ours = new Set([new URL(webUrl).host, new URL(chatbotUrl).host]);

/**
 * Watches a browser context from its first page to its last: every error on a console, every exception, every request to
 * a host that is not one of the two front ends. Keeps every byte that they served, for the search for secrets.
 */
export class Watch {
  readonly #problems: string[] = [];
  readonly #allowed: RegExp[] = [];
  readonly #reading: Promise<void>[] = [];
  readonly #folder = process.env.SERVED;

  /** For a test that breaks something on purpose: a problem that matches is what it wants to see. */
  allow(...patterns: RegExp[]) {
    this.#allowed.push(...patterns);
  }

  attach(context: BrowserContext) {
    context.on("console", (message) => {
      if (message.type() === "error" || (message.type() === "warning" && /content security policy/i.test(message.text())))
        this.#problems.push(`console ${message.type()} at ${message.location().url}: ${message.text()}`);
    });
    context.on("weberror", (error) => this.#problems.push(`exception: ${error.error().stack ?? error.error().message}`));
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (/^(https?|wss?):$/.test(url.protocol) && !ours.has(url.host)) this.#problems.push(`request to a third host: ${request.url()}`);
    });
    context.on("response", (response) => this.#reading.push(this.#keep(response)));
  }

  /** What went wrong and was not allowed. */
  async problems(): Promise<string[]> {
    // A body that the page itself gave up on never ends.
    await Promise.race([Promise.all(this.#reading), new Promise((resolve) => setTimeout(resolve, 3000))]);
    return this.#problems.filter((problem) => !this.#allowed.some((pattern) => pattern.test(problem)));
  }

  async #keep(response: Response) {
    if (!this.#folder) return;
    mkdirSync(this.#folder, { recursive: true });
    const headers = JSON.stringify(await response.headersArray().catch(() => []));
    // A redirect has no body, and one that the page left behind can no longer be had: the index says so, and the search counts them.
    const body = await response.body().catch(() => undefined);
    const name = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const path = join(this.#folder, name);
    if (body && !existsSync(path)) writeFileSync(path, body);
    const line = {
      url: response.url(),
      status: response.status(),
      type: response.headers()["content-type"] ?? "",
      headers,
      file: body ? name : "",
    };
    appendFileSync(join(this.#folder, `index-${process.pid}.jsonl`), JSON.stringify(line) + "\n");
  }
}
