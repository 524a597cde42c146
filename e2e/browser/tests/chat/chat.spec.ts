import { chatbotUrl, webUrl } from "../../support/stack.ts";
import { addTask, expect, expectAccessible, signUp, tasks, test } from "../../support/test.ts";
import { Chatbot } from "../../support/chatbot.ts";
import { Web } from "../../support/web.ts";

test("a task added in the chat appears in the web front end, and one completed there is done", async ({ page, context, person }) => {
  void person;
  const web = new Web(page);
  await web.open();
  await page.getByRole("link", { name: "Assistant" }).click(); // the session comes along
  const chatbot = new Chatbot(page);
  await chatbot.ready();
  expect(page.url(), "the chatbot's address").toBe(`${chatbotUrl}/`);

  await chatbot.say("add buy milk");
  await expect(chatbot.steps.filter({ hasText: "buy milk" })).toHaveAttribute("data-state", "done");
  await expect(chatbot.answers.last()).toContainText("“buy milk” is on your list");
  await chatbot.whole();
  expect((await tasks(context)).map((task) => task.title)).toEqual(["buy milk"]);

  await chatbot.say("complete buy milk");
  await expect(chatbot.answers.last()).toContainText("done");
  await chatbot.whole();
  await expect.poll(async () => (await tasks(context)).map((task) => [task.title, task.done])).toEqual([["buy milk", true]]);

  await web.open("/?view=all");
  await expect(web.checkbox("buy milk")).toBeChecked();
});

test("the model is given the person's own tasks and nobody else's", async ({ page, context, person, anotherBrowser }) => {
  void person;
  const other = await anotherBrowser();
  await signUp(other);
  await addTask(other, { title: "The other's secret plan" });
  await addTask(context, { title: "My own plan" });
  const chatbot = new Chatbot(page);
  await chatbot.open();
  await chatbot.say("what is on my list?");
  await expect(chatbot.answers.last()).toContainText("My own plan"); // the model repeats what the tool gave it
  await chatbot.whole();
  await expect(chatbot.log).not.toContainText("secret plan");
});

test("an answer is shown as it comes, and can be stopped", async ({ page, person }) => {
  void person;
  const chatbot = new Chatbot(page);
  await chatbot.open();
  await chatbot.say("talk slowly");
  await expect(chatbot.answers.last()).toContainText("word 3"); // of 600: the rest would take a minute
  await chatbot.stop.click();
  await expect(chatbot.answers.last()).toContainText("Stopped before the end");
  await chatbot.whole();
  // The stop goes through two servers before the backend keeps what was said until then: a reload may be quicker.
  await expect(async () => {
    await page.reload();
    await expect(chatbot.answers.last()).toContainText("word 3", { timeout: 3000 });
  }).toPass();
  await expect(chatbot.answers.last()).toContainText("Stopped before the end");
});

test("conversations are kept, continued and deleted, and are their owner's alone", async ({ page, person, anotherBrowser }) => {
  void person;
  const chatbot = new Chatbot(page);
  await chatbot.open();
  await chatbot.say("add call the dentist");
  await chatbot.whole();
  const address = page.url();
  expect(new URL(address).searchParams.get("c"), "the conversation is in the address").toBeTruthy();
  await chatbot.conversations.getByRole("link", { name: "New conversation" }).click();
  await expect(chatbot.answers).toHaveCount(0);
  await chatbot.conversations.getByRole("link", { name: "add call the dentist" }).click();
  await expect(chatbot.log).toContainText("“call the dentist” is on your list");

  const other = await anotherBrowser();
  await signUp(other);
  const id = new URL(address).searchParams.get("c");
  expect((await other.request.get(`${chatbotUrl}/api/conversations/${id}`)).status(), "another's conversation").toBe(404);

  await page.getByRole("button", { name: "Delete “add call the dentist”" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(chatbot.conversations.getByRole("link", { name: "add call the dentist" })).toHaveCount(0);
});

test("a model that fails is said in words, and asked again", async ({ page, watch, person }) => {
  watch.allow(/Failed to load resource/);
  const chatbot = new Chatbot(page);
  await chatbot.open();
  await chatbot.say(`fail once for ${person.email}`);
  await expect(page.getByRole("main").getByRole("alert").filter({ hasText: /./ })).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(chatbot.answers.last()).toContainText("It works now");
  await chatbot.whole();
});

test("the conversation is accessible, with an answer and its steps", async ({ page, person }) => {
  void person;
  const chatbot = new Chatbot(page);
  await chatbot.open();
  await expectAccessible(page, "the chatbot's welcome");
  await chatbot.say("add write to grandmother");
  await expect(chatbot.answers.last()).toContainText("is on your list");
  await chatbot.whole();
  await expectAccessible(page, "a conversation");
});

test("the keyboard alone is enough to talk", async ({ page, context, person }) => {
  void person;
  const chatbot = new Chatbot(page);
  await chatbot.open();
  for (let i = 0; i < 40 && !(await chatbot.message.evaluate((element) => element === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await page.keyboard.type("add two lines");
  await page.keyboard.press("Enter");
  await chatbot.whole();
  await expect(chatbot.message).toBeFocused();
  expect((await tasks(context)).map((task) => task.title)).toEqual(["two lines"]);
  await expect(page.getByRole("link", { name: "See your tasks" })).toHaveAttribute("href", new RegExp(`^${webUrl}`));
});
