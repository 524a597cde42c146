import { webUrl } from "../../support/stack.ts";
import { addTask, expect, expectAccessible, test } from "../../support/test.ts";
import { Web } from "../../support/web.ts";

test("sign-in and sign-up are accessible", async ({ page }) => {
  for (const path of ["/sign-in", "/sign-up"]) {
    await page.goto(webUrl + path);
    await expect(page.getByRole("textbox", { name: "Email" })).toBeVisible();
    await expectAccessible(page, path);
  }
});

test("a refused sign-in and the end of a session are accessible", async ({ page, watch }) => {
  watch.allow(/status of 401/);
  await page.goto(`${webUrl}/sign-in`);
  await page.getByRole("textbox", { name: "Email" }).fill("nobody@example.com");
  await page.getByLabel("Password").fill("wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: /password/i })).toBeVisible();
  await expectAccessible(page, "a refused sign-in");
  await page.goto(`${webUrl}/sign-in?deleted=1&ended=1&next=/`);
  await expect(page.getByRole("status").filter({ hasText: "is gone" })).toBeVisible();
  await expectAccessible(page, "the sign-in after a session has ended");
});

test("an empty list and a page that does not exist are accessible", async ({ page, person, watch }) => {
  void person;
  await new Web(page).open();
  await expectAccessible(page, "the empty list");
  watch.allow(/status of 404/);
  expect((await page.goto(`${webUrl}/no-such-page`))?.status()).toBe(404);
  await expectAccessible(page, "the page that does not exist");
});

test.describe("a list with tasks", () => {
  test.beforeEach(async ({ page, context, person }) => {
    void person;
    await addTask(context, {
      title: "Renew the passport",
      notes: "Two photos",
      priority: "high",
      tags: ["papers", "t".repeat(40)],
      due_date: "2021-01-01",
    });
    await addTask(context, {
      title: "A title of a length that has to wrap on a narrow screen, as it would in anybody's list",
      priority: "low",
    });
    await addTask(context, { title: `W${"o".repeat(180)}rd`, due_date: new Date().toISOString().slice(0, 10) });
    await addTask(context, { title: "Done already", done: true });
    await addTask(context, { title: "Done too", done: true });
    const web = new Web(page);
    await web.open("/?view=all");
    await expect(web.tasks).toHaveCount(5);
  });

  test("the list is accessible, in every view and with the focus in it", async ({ page }) => {
    test.slow(); // six states, each in four looks
    const web = new Web(page);
    await expectAccessible(page, "the list");
    for (const view of ["To do", "Today", "Overdue", "Done"] as const) {
      await web.view(view);
      await expect(web.tasks.first()).toBeVisible();
      await expectAccessible(page, `the view ${view}`);
    }
    await page.keyboard.press("j");
    await expect(web.tasks.first().getByRole("checkbox")).toBeFocused();
    await expectAccessible(page, "a task with the focus");
  });

  test("filters, and a search that finds nothing, are accessible", async ({ page }) => {
    const web = new Web(page);
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("checkbox", { name: "High" }).check();
    await expect(page.getByRole("list", { name: "Active filters" })).toBeVisible();
    await expectAccessible(page, "the filters");
    await web.search.fill("no such task");
    await expect(page.getByRole("heading", { name: "No task matches" })).toBeVisible();
    await expectAccessible(page, "a search that finds nothing");
  });

  test("the editor is accessible, with a mistake in it and after its edits were dropped", async ({ page }) => {
    const form = await new Web(page).edit("Renew the passport");
    await expectAccessible(page, "the editor");
    await form.getByRole("textbox", { name: "Title" }).fill(" ");
    await form.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("A task needs a title.")).toBeVisible();
    await expectAccessible(page, "the editor with a mistake");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("button", { name: "Bring back" })).toBeVisible();
    await expectAccessible(page, "dropped edits");
  });

  test("a deletion that can be undone is accessible", async ({ page }) => {
    await page.getByRole("button", { name: "Delete “Renew the passport”" }).click();
    await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
    await expectAccessible(page, "a deletion that can be undone");
  });

  test("the account's menu and its dialogs are accessible", async ({ page }) => {
    await new Web(page).account.click();
    await expectAccessible(page, "the account's menu");
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    await expectAccessible(page, "the keyboard shortcuts");
    await page.keyboard.press("Escape");
    await new Web(page).account.click();
    await page.getByText("Delete my account…").click();
    await page.getByRole("dialog", { name: "Delete your account?" }).getByRole("button", { name: "Delete my account" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "not the address" })).toBeVisible();
    await expectAccessible(page, "an account that is not deleted");
  });

  test("a list that could not be loaded is accessible", async ({ page, watch }) => {
    watch.allow(/status of 503/);
    const away = { title: "Service unavailable", status: 503, detail: "The task service is away." };
    await page.route("**/api/tasks**", (route) => route.fulfill({ status: 503, json: away }));
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Done" }).click();
    await expect(page.getByRole("heading", { name: "could not be loaded" })).toBeVisible();
    await expectAccessible(page, "a list that could not be loaded");
  });
});
