// Runs axe on every page and state of a running web front end, in light and dark, wide and at 320 px, and fails on any
// violation, on horizontal scrolling, and on any error in the browser's console. The account that it makes is removed.
//   npm run a11y -- http://localhost:3000        CHROMIUM=/usr/bin/chromium
import axe from "axe-core";
import { chromium } from "playwright-core";

const site = process.argv[2] ?? "http://localhost:3000";
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
const looks = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { colorScheme: "light", viewport: { width: 320, height: 640 } },
  { colorScheme: "dark", viewport: { width: 320, height: 640 } },
];
let states = 0;
let failures = 0;

for (const look of looks) {
  // Without motion, or axe would see colours half-way.
  const context = await browser.newContext({ ...look, reducedMotion: "reduce" });
  const page = await context.newPage();
  const where = `${look.colorScheme} ${look.viewport.width}`;
  let expected = false; // failing requests are logged by the browser; some states are made of them
  page.on("pageerror", (error) => report(where, `uncaught ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected) report(where, `console: ${message.text()}`);
  });

  async function check(state) {
    states++;
    await page.waitForTimeout(100);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, help, nodes } of violations)
      report(`${where} ${state}`, `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > look.viewport.width) report(`${where} ${state}`, `scrolls sideways: ${width} px`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${where} ${state}.png`.replaceAll(" ", "-") });
  }
  const button = (name) => page.getByRole("button", { name, exact: true });

  try {
    await page.goto(`${site}/sign-in`);
    await check("sign in");
    expected = true;
    await page.getByLabel("Email").fill("nobody@example.com");
    await page.getByLabel("Password").fill("wrong password");
    await button("Sign in").click();
    await page.getByRole("alert").getByText(/wrong/).waitFor();
    await check("sign in refused");
    expected = false;
    await page.goto(`${site}/sign-up`);
    await check("sign up");
    const email = `a11y-${Date.now()}@example.com`;
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill("correct horse battery");
    await button("Create account").click();
    await page.getByRole("heading", { name: "Nothing to do" }).waitFor();
    await check("empty");

    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const notes = "Two photos, the old one,\nand a form.";
    await page.request.post(`${site}/api/tasks`, { data: { title: "Renew the passport", due_date: day(-3), priority: "high", notes } });
    await page.request.post(`${site}/api/tasks`, { data: { title: "Water the plants", due_date: day(0), tags: ["home", "garden"] } });
    await page.request.post(`${site}/api/tasks`, { data: { title: `W${"o".repeat(180)}rd`, priority: "low", tags: ["t".repeat(40)] } });
    await page.request.post(`${site}/api/tasks`, { data: { title: "Pay the bill", done: true } });
    await page.request.post(`${site}/api/tasks`, { data: { title: "Sort the photos", done: true } });
    for (const view of ["open", "today", "overdue", "done", "all"]) {
      await page.goto(`${site}/?view=${view}`);
      await page.getByRole("list", { name: "Tasks" }).waitFor();
      await check(`view ${view}`);
    }
    await page.keyboard.press("j");
    await check("task has the focus");
    await page.keyboard.press("e");
    await page.getByRole("form", { name: "Edit task" }).waitFor();
    await check("editor");
    await page.getByRole("textbox", { name: "Title" }).fill(" ");
    await button("Save").click();
    await check("editor with a mistake");
    await page.keyboard.press("Escape");
    await button("Bring back").waitFor();
    await check("edits dropped");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("checkbox", { name: "High" }).check();
    await page.getByRole("list", { name: "Active filters" }).waitFor();
    await check("filters");
    await page.getByRole("searchbox").fill("no such task");
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
    await check("nothing found");
    await page.goto(`${site}/`);
    await page.getByRole("button", { name: "Delete “Water the plants”" }).click();
    await button("Undo").waitFor();
    await check("deleted, with undo");
    await button("Undo").click();
    await page.getByRole("button", { name: "Account" }).click();
    await check("account menu");
    await button("Keyboard shortcuts").click();
    await page.getByRole("dialog").waitFor();
    await check("shortcuts");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Account" }).click();
    await button("Delete my account…").click();
    await button("Delete my account").click();
    await page
      .getByRole("alert")
      .getByText(/not the address/)
      .waitFor();
    await check("delete account refused");
    await page.keyboard.press("Escape");

    expected = true;
    await page.route("**/api/tasks**", (route) => route.fulfill({ status: 503, json: { title: "Away", detail: "The service is away." } }));
    await page.getByRole("textbox", { name: "New task" }).fill("Written while away");
    await page.keyboard.press("Enter");
    await button("Retry now").waitFor();
    await check("backend away");
    await page.getByRole("link", { name: "Done" }).click();
    await page.getByRole("heading", { name: "could not be loaded" }).waitFor();
    await check("list not loaded");
    await page.unroute("**/api/tasks**");
    await page.goto(`${site}/no-such-page`);
    await check("not found");
    const gone = await page.request.delete(`${site}/api/auth/me`);
    if (gone.status() !== 204) report(where, `the account was not removed: ${gone.status()}`);
    await page.goto(`${site}/sign-in?deleted=1&ended=1&next=/`);
    await check("after the end of a session");
  } catch (error) {
    report(where, error.message);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/failure.png` });
  }
  await context.close();
}
await browser.close();
console.log(`${states} states looked at, ${failures} problems`);
process.exit(failures > 0 ? 1 : 0);

function report(where, text) {
  failures++;
  console.error(`${where}: ${text}`);
}
