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
      tags: ["papers"],
      due_date: "2021-01-01",
    });
    await addTask(context, {
      title: "A title of a length that has to wrap on a narrow screen, as it would in anybody's list",
      priority: "low",
    });
    await addTask(context, { title: "Done already", done: true });
    const web = new Web(page);
    await web.open("/?view=all");
    await expect(web.tasks).toHaveCount(3);
  });

  test("the list and its filters are accessible", async ({ page }) => {
    await expectAccessible(page, "the list");
    await page.getByRole("button", { name: "Filter" }).click();
    await expect(page.getByRole("group", { name: "Priority" })).toBeVisible();
    await expectAccessible(page, "the filters");
  });

  test("the editor is accessible", async ({ page }) => {
    await new Web(page).edit("Renew the passport");
    await expectAccessible(page, "the editor");
  });

  test("the account's menu and dialog are accessible", async ({ page }) => {
    await new Web(page).account.click();
    await expectAccessible(page, "the account's menu");
    await page.getByText("Delete my account…").click();
    await expect(page.getByRole("dialog", { name: "Delete your account?" })).toBeVisible();
    await expectAccessible(page, "the question before an account is deleted");
  });
});
