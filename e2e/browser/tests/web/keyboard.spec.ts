import { webUrl } from "../../support/stack.ts";
import { expect, newPerson, signUp, tasks, test, type Page } from "../../support/test.ts";
import { Web } from "../../support/web.ts";

/** Presses Tab until the element with this role and name has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, role: "textbox" | "button" | "link" | "checkbox" | "radio", name: string) {
  const target = page.getByRole(role, { name, exact: true });
  await expect(target).toBeVisible();
  for (let i = 0; i < 60; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`60 presses of Tab do not reach the ${role} “${name}”`);
}

test("a task's whole life with the Tab key and without a mouse", async ({ page, context, anotherBrowser }) => {
  const person = await signUp(await anotherBrowser());
  const web = new Web(page);
  await page.goto(`${webUrl}/sign-in`);
  await tabTo(page, "textbox", "Email");
  await page.keyboard.type(person.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(person.password);
  await page.keyboard.press("Enter");

  await tabTo(page, "textbox", "New task");
  await page.keyboard.type("Water the plants");
  await page.keyboard.press("Enter");
  await expect(web.checkbox("Water the plants")).toBeVisible();

  await tabTo(page, "button", "Edit “Water the plants”");
  await page.keyboard.press("Enter");
  await tabTo(page, "textbox", "Title");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Water the roses");
  await tabTo(page, "button", "Save");
  await page.keyboard.press("Enter");
  await expect(web.checkbox("Water the roses")).toBeVisible();

  await tabTo(page, "checkbox", "Water the roses");
  await page.keyboard.press("Space");
  await expect(web.checkbox("Water the roses")).toBeChecked();
  await expect.poll(async () => (await tasks(context)).map((task) => [task.title, task.done])).toEqual([["Water the roses", true]]);

  await tabTo(page, "button", "Delete “Water the roses”");
  await page.keyboard.press("Enter");
  await expect(web.tasks).toHaveCount(0);
  await page.reload();
  await expect.poll(() => tasks(context)).toEqual([]);
});

test("the keyboard shortcuts do what their help says", async ({ page, context }) => {
  await signUp(context, newPerson());
  const web = new Web(page);
  await web.open();
  await page.keyboard.press("n");
  await expect(web.newTask).toBeFocused();
  await page.keyboard.type("First");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Second");
  await page.keyboard.press("Enter");
  await expect(web.tasks).toHaveCount(2);
  await page.keyboard.press("Escape");

  await page.keyboard.press("/");
  await expect(web.search).toBeFocused();
  await page.keyboard.press("Escape");

  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect.poll(async () => (await tasks(context)).filter((task) => task.done).length, "x completes a task").toBe(1);

  await page.keyboard.press("j");
  await page.keyboard.press("e");
  await expect(page.getByRole("form", { name: "Edit task" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("form", { name: "Edit task" })).toBeHidden();

  await page.keyboard.press("Delete");
  await expect(web.tasks).toHaveCount(1);
  await page.keyboard.press("u");
  await expect(web.tasks).toHaveCount(2);

  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});
