import { kubectl } from "../../support/stack.ts";
import { expect, expectAccessible, tasks, test } from "../../support/test.ts";
import { Web } from "../../support/web.ts";

test("the backend is lost while somebody types: nothing typed is lost, and the page recovers by itself", async ({
  page,
  context,
  person,
  watch,
}) => {
  void person;
  test.setTimeout(150_000);
  watch.allow(/Failed to load resource/); // the front end's own 502 and 503, while the backend is away
  const web = new Web(page);
  await web.open();
  await web.add("Before the loss");
  await expect.poll(async () => (await tasks(context)).length).toBe(1);
  const form = await web.edit("Before the loss");
  await form.getByRole("textbox", { name: "Notes" }).fill("half a sentence that is not sa");

  kubectl("delete", "pods", "-l", "app.kubernetes.io/name=backend", "--grace-period=0", "--force", "--wait=false"); // as if their node had died
  await expect
    .poll(async () => (await context.request.get(`${new URL(page.url()).origin}/api/tasks`)).status(), {
      message: "the backend goes away",
      timeout: 60_000,
      intervals: [250],
    })
    .toBeGreaterThanOrEqual(500);

  await web.newTask.fill("Typed during the loss");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "cannot be reached" })).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page, "the list without its backend");
  await expect(form.getByRole("textbox", { name: "Notes" })).toHaveValue("half a sentence that is not sa");
  await expect(web.checkbox("Typed during the loss")).toBeVisible();

  // The pods come back by themselves; so does the page, without a reload and without a click.
  await expect(page.getByRole("alert").filter({ hasText: "cannot be reached" })).toBeHidden({ timeout: 90_000 });
  await expect(form.getByRole("textbox", { name: "Notes" })).toHaveValue("half a sentence that is not sa");
  await form.getByRole("textbox", { name: "Notes" }).fill("half a sentence that is not saved. Now it is.");
  await form.getByRole("button", { name: "Save" }).click();
  await expect
    .poll(async () => (await tasks(context)).map((task) => [task.title, task.notes ?? ""]).sort(), { timeout: 30_000 })
    .toEqual([
      ["Before the loss", "half a sentence that is not saved. Now it is."],
      ["Typed during the loss", ""],
    ]);
});
