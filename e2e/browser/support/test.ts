import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { webUrl } from "./stack.ts";
import { Watch } from "./watch.ts";

export { expect, type Page };

export type Person = { email: string; password: string };

export type Task = {
  id: string;
  title: string;
  notes: string | null;
  priority: string;
  tags: string[];
  due_date: string | null;
  done: boolean;
};

export function newPerson(): Person {
  return { email: `e2e-${randomUUID()}@example.com`, password: randomUUID() };
}

/** Signs a new person up without a page; the context has the session's cookie afterwards. */
export async function signUp(context: BrowserContext, person = newPerson()): Promise<Person> {
  const answer = await context.request.post(`${webUrl}/api/auth/sign-up`, { data: { ...person, name: "End to end" } });
  expect(answer.status(), `signing up: ${await answer.text()}`).toBe(201);
  return person;
}

export async function addTask(context: BrowserContext, task: Partial<Task>) {
  const answer = await context.request.post(`${webUrl}/api/tasks`, { data: task });
  expect(answer.status(), `adding a task: ${await answer.text()}`).toBe(201);
}

/** The person's tasks as the backend has them, by way of the web front end. */
export async function tasks(context: BrowserContext): Promise<Task[]> {
  const answer = await context.request.get(`${webUrl}/api/tasks?limit=100`);
  expect(answer.status(), `listing the tasks: ${await answer.text()}`).toBe(200);
  return ((await answer.json()) as { items: Task[] }).items;
}

type Fixtures = {
  watch: Watch;
  /** A new person who is signed in. */
  person: Person;
  /** Another context, as another browser: with cookies of its own, and watched like the first. */
  anotherBrowser: () => Promise<BrowserContext>;
};

export const test = base.extend<Fixtures>({
  watch: [
    async ({ context }, use) => {
      const watch = new Watch();
      watch.attach(context);
      await use(watch);
      expect(await watch.problems(), "what the browser complained about").toEqual([]);
    },
    { auto: true },
  ],
  person: async ({ context }, use) => {
    await use(await signUp(context));
  },
  anotherBrowser: async ({ browser, watch }, use) => {
    const opened: BrowserContext[] = [];
    await use(async () => {
      const context = await open(browser, watch);
      opened.push(context);
      return context;
    });
    for (const context of opened) await context.close();
  },
});

async function open(browser: Browser, watch: Watch): Promise<BrowserContext> {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  watch.attach(context);
  return context;
}

/** Looks at the page in light and dark, wide and 320 px narrow: nothing for axe to find, nothing to scroll sideways for. */
export async function expectAccessible(page: Page, screen: string) {
  const wide = page.viewportSize();
  for (const width of [wide?.width ?? 1280, 320]) {
    await page.setViewportSize({ width, height: wide?.height ?? 800 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      // The dark theme has the same elements in other colours.
      const axe = new AxeBuilder({ page });
      const { violations } = await (colorScheme === "dark" ? axe.withRules("color-contrast") : axe).analyze();
      const found = violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html} ${node.failureSummary ?? ""}`));
      expect(found, `axe on ${screen}, ${colorScheme}, ${width} px`).toEqual([]);
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow, `${screen} is wider than a screen of ${width} px by this many pixels`).toBeLessThanOrEqual(0);
  }
  await page.emulateMedia({ colorScheme: null });
  if (wide) await page.setViewportSize(wide);
}
