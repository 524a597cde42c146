import { planted, webUrl } from "../../support/stack.ts";
import { addTask, expect, newPerson, signUp, tasks, test } from "../../support/test.ts";
import { Web } from "../../support/web.ts";

test("sign up, live with a task, sign out and in again", async ({ page, context }) => {
  const person = newPerson();
  const web = new Web(page);

  await page.goto(webUrl);
  await page.getByRole("link", { name: /create an account|sign up/i }).click();
  await page.waitForURL(/\/sign-up/); // the page before has an Email too
  await page.getByRole("textbox", { name: "Email" }).fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(web.newTask).toBeVisible();

  await web.add("Buy milk");
  await web.add(`Call the plumber ${planted}`);
  await page.reload();
  await expect(web.tasks).toHaveCount(2);

  const form = await web.edit("Buy milk");
  await form.getByRole("textbox", { name: "Title" }).fill("Buy oat milk");
  await form.getByRole("textbox", { name: "Notes" }).fill("Two litres");
  await form.getByText("High", { exact: true }).click();
  await expect(form.getByRole("radio", { name: "High" })).toBeChecked();
  await form.getByRole("textbox", { name: "Tags" }).fill("shopping, home");
  await form.getByLabel("Due date").fill("2031-05-04");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(web.checkbox("Buy oat milk")).toBeVisible();
  await expect
    .poll(async () => (await tasks(context)).find((task) => task.title === "Buy oat milk"), "the edit reaches the database")
    .toMatchObject({ notes: "Two litres", priority: "high", tags: ["shopping", "home"], due_date: "2031-05-04", done: false });

  await web.search.fill("oat");
  await expect(web.tasks).toHaveCount(1);
  await expect(web.checkbox("Buy oat milk")).toBeVisible();
  await web.search.fill("no such thing");
  await expect(web.tasks).toHaveCount(0);
  await web.search.fill("");
  await expect(web.tasks).toHaveCount(2);

  await web.checkbox("Buy oat milk").check();
  await expect.poll(async () => (await tasks(context)).filter((task) => task.done).map((task) => task.title)).toEqual(["Buy oat milk"]);
  await web.view("Done");
  await expect(web.tasks).toHaveCount(1);
  await expect(web.checkbox("Buy oat milk")).toBeChecked();

  await page.getByRole("button", { name: "Delete “Buy oat milk”" }).click();
  await expect(web.tasks).toHaveCount(0);
  await page.reload(); // leaving the page ends the time for an undo
  await expect.poll(async () => (await tasks(context)).map((task) => task.title)).toEqual([`Call the plumber ${planted}`]);

  const session = (await context.cookies()).filter((cookie) => cookie.name === "todo_session");
  await web.signOut();
  expect((await context.request.get(`${webUrl}/api/tasks`)).status(), "the tasks after signing out").toBe(401);
  await context.addCookies(session);
  expect((await context.request.get(`${webUrl}/api/tasks`)).status(), "the tasks with a copy of the session that was signed out").toBe(401);
  await web.signIn(person);
  await expect(web.checkbox(`Call the plumber ${planted}`)).toBeVisible();
});

test("a deleted task can be brought back", async ({ page, context, person }) => {
  void person;
  const web = new Web(page);
  await web.open();
  await web.add("Keep me");
  await page.getByRole("button", { name: "Delete “Keep me”" }).click();
  await expect(web.tasks).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(web.checkbox("Keep me")).toBeVisible();
  await page.reload();
  await expect(web.checkbox("Keep me")).toBeVisible();
  expect((await tasks(context)).map((task) => task.title)).toEqual(["Keep me"]);
});

test("a wrong password is refused in words", async ({ page, watch, anotherBrowser }) => {
  watch.allow(/status of 401/);
  const person = newPerson();
  await signUp(await anotherBrowser(), person);
  await page.goto(`${webUrl}/sign-in`);
  await page.getByRole("textbox", { name: "Email" }).fill(person.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: /password/i })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Email" })).toHaveValue(person.email);
});

test("two users do not see each other's tasks", async ({ page, context, person, anotherBrowser }) => {
  void person;
  const other = await anotherBrowser();
  await signUp(other);
  await addTask(other, { title: "The other's secret plan" });
  await addTask(context, { title: "My own plan" });
  const theirs = (await tasks(other))[0];

  const web = new Web(page);
  await web.open("/?view=all");
  await expect(web.tasks).toHaveCount(1);
  await expect(web.checkbox("My own plan")).toBeVisible();
  await web.search.fill("plan");
  await expect(web.tasks).toHaveCount(1);

  // Nor by knowing its id.
  const path = `${webUrl}/api/tasks/${theirs?.id}`;
  expect((await context.request.patch(path, { data: { title: "mine now" } })).status(), "changing another's task").toBe(404);
  expect((await context.request.delete(path)).status(), "deleting another's task").toBe(404);
  expect((await tasks(other)).map((task) => task.title)).toEqual(["The other's secret plan"]);

  const otherWeb = new Web(await other.newPage());
  await otherWeb.open("/?view=all");
  await expect(otherWeb.tasks).toHaveCount(1);
  await expect(otherWeb.checkbox("The other's secret plan")).toBeVisible();
});

test("the session's cookie is out of reach of scripts, and no token is in an address or in storage", async ({ page, context, person }) => {
  void person;
  const web = new Web(page);
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  await web.open();
  const session = (await context.cookies()).find((cookie) => cookie.name.includes("session"));
  expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax" });
  const token = session?.value ?? "";
  expect(token.length, "the session's cookie has a value").toBeGreaterThan(20);
  expect(await page.evaluate(() => document.cookie)).not.toContain(token);
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain(token);
  expect(addresses.filter((url) => url.includes(token))).toEqual([]);
  expect(await page.content()).not.toContain(token);
});
