import type { Locator, Page } from "@playwright/test";
import { chatbotUrl } from "./stack.ts";
import { expect } from "./test.ts";

/** The chatbot, by the names that a visitor knows its parts by. */
export class Chatbot {
  readonly message: Locator;
  readonly stop: Locator;
  readonly log: Locator;
  readonly answers: Locator;
  readonly steps: Locator;
  readonly conversations: Locator;

  constructor(readonly page: Page) {
    this.message = page.getByRole("textbox", { name: "Message" });
    this.stop = page.getByRole("button", { name: "Stop" });
    this.log = page.getByRole("log", { name: "Conversation" });
    this.answers = this.log.locator('[data-role="assistant"]');
    this.steps = this.log.getByRole("list", { name: "Steps" }).getByRole("listitem");
    this.conversations = page.getByRole("navigation", { name: "Conversations" });
  }

  async open(path = "/") {
    await this.page.goto(chatbotUrl + path);
    await this.ready();
  }

  /** Waits until React has taken the field over: what is typed before that is lost when it does. */
  async ready() {
    await expect(this.message).toBeEnabled();
    await expect.poll(() => this.message.evaluate((field) => Object.keys(field).some((key) => key.startsWith("__reactProps")))).toBe(true);
  }

  /** Sends a message and waits for its answer to begin. */
  async say(text: string) {
    const before = await this.answers.count();
    await this.message.fill(text);
    await this.page.keyboard.press("Enter");
    await expect(this.log.locator('[data-role="user"]').last()).toContainText(text);
    await expect(this.answers).toHaveCount(before + 1);
  }

  /** Waits for the answer that is being written to be whole. */
  async whole(answer = this.answers.last()) {
    await expect(this.stop).toBeHidden();
    await expect(answer).not.toHaveAttribute("aria-busy", "true");
  }
}
