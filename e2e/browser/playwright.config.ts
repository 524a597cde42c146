import { defineConfig } from "@playwright/test";
import { join } from "node:path";

const settings = { viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "Europe/Berlin" };

export default defineConfig({
  outputDir: process.env.BROWSER_OUTPUT ?? join(import.meta.dirname, "../../.state/browser/results"),
  fullyParallel: true,
  workers: 2,
  retries: 1, // on a busy machine a browser can be late once; a test that needed it is listed as flaky
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list", { printSteps: false }]],
  use: {
    ...settings,
    contextOptions: { reducedMotion: "reduce" },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM, // unset: the one of `npx playwright install chromium`
      args: ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
  // Each project is run by name: what they find depends on whether the stack has a key, and one takes the backend away.
  projects: [
    { name: "web", testDir: "tests/web" },
    { name: "no-key", testDir: "tests/no-key" },
    { name: "chat", testDir: "tests/chat" },
    { name: "outage", testDir: "tests/outage", workers: 1 },
    { name: "screenshots-no-key", testMatch: "screenshots/no-key.spec.ts" },
    { name: "screenshots", testMatch: "screenshots/pictures.spec.ts" },
  ],
});
