import type { BrowserContext, Page } from "@playwright/test";
import { join } from "node:path";
import { webUrl } from "./stack.ts";
import { expect, signUp } from "./test.ts";

/** Writes docs/images/<name>.png. */
export async function picture(page: Page, name: string) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(import.meta.dirname, "../../../docs/images", `${name}.png`), animations: "disabled", caret: "hide" });
}

/** The person in the pictures. Always the same, so that the pictures change only when the application does. */
const ada = { email: "ada@example.com", password: "a password for pictures" };

/** Signs Ada up; whatever an earlier run left of her is removed before, and nothing is left after. */
export async function asAda(context: BrowserContext, body: () => Promise<void>) {
  await remove(context);
  await signUp(context, ada);
  try {
    await body();
  } finally {
    await remove(context);
  }
}

async function remove(context: BrowserContext) {
  const signedIn = await context.request.post(`${webUrl}/api/auth/sign-in`, { data: ada });
  if (!signedIn.ok()) return;
  expect((await context.request.delete(`${webUrl}/api/auth/me`)).ok(), "removing the account of the pictures").toBe(true);
  await context.clearCookies();
}

/** The pictures' today: what they show does not depend on the day they are taken. */
export const today = new Date("2026-03-02T09:00:00Z");

/** A day from the pictures' today, as the application writes days. */
export function inDays(days: number): string {
  return new Date(today.getTime() + days * 86_400_000).toISOString().slice(0, 10);
}
