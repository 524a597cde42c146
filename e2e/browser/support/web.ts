import type { Locator, Page } from "@playwright/test";
import { expect, type Person } from "./test.ts";
import { webUrl } from "./stack.ts";

/** The web front end, by the names that a visitor (or a screen reader) knows its parts by. */
export class Web {
  readonly newTask: Locator;
  readonly tasks: Locator;
  readonly search: Locator;
  readonly account: Locator;

  constructor(readonly page: Page) {
    this.newTask = page.getByRole("textbox", { name: "New task" });
    this.tasks = page.getByRole("list", { name: "Tasks" }).getByRole("listitem");
    this.search = page.getByRole("searchbox", { name: "Search tasks" });
    this.account = page.getByRole("button", { name: "Account" });
  }

  async open(path = "/") {
    await this.page.goto(webUrl + path);
    await expect(this.newTask).toBeVisible();
  }

  /** The list item of one task. */
  task(title: string): Locator {
    return this.tasks.filter({ has: this.checkbox(title) });
  }

  checkbox(title: string): Locator {
    return this.page.getByRole("checkbox", { name: title, exact: true });
  }

  async add(title: string) {
    await this.newTask.fill(title);
    await this.page.keyboard.press("Enter");
    await expect(this.checkbox(title)).toBeVisible();
  }

  async view(name: "To do" | "Today" | "Overdue" | "Done" | "All") {
    await this.page.getByRole("navigation", { name: "Views" }).getByRole("link", { name }).click();
    await expect(this.page.getByRole("heading", { level: 1, name })).toBeVisible();
    // While it loads, the list of the view before is shown, dimmed.
    await expect(this.page.locator('section[aria-label="Tasks"][aria-busy="true"]')).toHaveCount(0);
  }

  async edit(title: string): Promise<Locator> {
    await this.page.getByRole("button", { name: `Edit “${title}”` }).click();
    return this.page.getByRole("form", { name: "Edit task" });
  }

  async signIn({ email, password }: Person) {
    await this.page.getByRole("textbox", { name: "Email" }).fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await expect(this.newTask).toBeVisible();
  }

  async signOut() {
    await this.account.click();
    await this.page.getByText("Sign out", { exact: true }).click();
    await expect(this.page.getByRole("button", { name: "Sign in" })).toBeVisible();
  }
}
