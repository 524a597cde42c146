import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { FakeBackend } from "./fake-backend";

const root = new URL("..", import.meta.url).pathname;

/** The production build on a port of its own, in front of a fake backend, and a browser. */
export class Harness {
  readonly backend = new FakeBackend();
  url = "";
  private server?: ChildProcess;
  private browser?: Browser;
  private output = "";

  async start(): Promise<void> {
    const port = await freePort();
    this.url = `http://localhost:${port}`;
    // As the image has it: the static files beside the server.
    cpSync(`${root}/.next/static`, `${root}/.next/standalone/.next/static`, { recursive: true });
    this.server = spawn("node", ["server.js"], {
      cwd: `${root}/.next/standalone`,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: "production",
        PORT: String(port),
        HOSTNAME: "127.0.0.1",
        API_URL: await this.backend.start(),
        FRONTEND_URL: "http://localhost:3000",
        VITE_OPENAI_API_KEY: canary,
      },
    });
    for (const stream of [this.server.stdout, this.server.stderr]) stream?.on("data", (text) => (this.output += String(text)));
    await until(
      () =>
        fetch(`${this.url}/api/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      () => `the server did not start: ${this.output}`,
    );
    this.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    this.server?.kill();
    this.backend.stop();
  }

  /** A page of its own, signed in unless told otherwise. Whatever the browser complains about is in `complaints`. */
  async open(path = "/", { width = 1280, height = 800, dark = false, signedIn = true } = {}): Promise<Page & { complaints: string[] }> {
    if (!this.browser) throw new Error("not started");
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
    if (signedIn) await context.addCookies([{ name: "todo_session", value: "fake.token", url: this.url, httpOnly: true, sameSite: "Lax" }]);
    const page = Object.assign(await context.newPage(), { complaints: [] as string[] });
    page.on("pageerror", (error) => page.complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
    await page.goto(this.url + path, { waitUntil: "networkidle" });
    return page;
  }
}

/** A key that must be in nothing that the browser gets. */
export const canary = "not-a-key-but-a-canary";

/** What axe finds on the page, at a narrow and a wide width and in both themes; a picture of each when SCREENSHOTS names a folder. */
export async function examine(page: Page, state: string): Promise<string[]> {
  const found: string[] = [];
  for (const [width, height] of [
    [320, 640],
    [1280, 800],
  ] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const where = `${state}, ${width} px, ${colorScheme}`;
      // Not as a script element: the policy of the page would, rightly, refuse it.
      await page.evaluate(axe.source);
      const violations = await page.evaluate(async () => {
        const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
        return violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ html }) => html.slice(0, 200)).join(" and ")}`);
      });
      found.push(...violations.map((violation) => `${where}: ${violation}`));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) found.push(`${where}: ${overflow} px wider than the screen`);
      const folder = process.env.SCREENSHOTS;
      if (!folder) continue;
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: `${folder}/${state.replaceAll(" ", "-")}-${width}-${colorScheme}.png` });
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  return found;
}

export async function until(holds: () => boolean | Promise<boolean>, message: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(message());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
