import { chatbotUrl } from "../../support/stack.ts";
import { expect, expectAccessible, signUp, test } from "../../support/test.ts";
import { Chatbot } from "../../support/chatbot.ts";

test("without a key the chatbot says so, and names the command", async ({ page, person }) => {
  void person;
  const chatbot = new Chatbot(page);
  await page.goto(chatbotUrl);
  await expect(page.getByRole("heading", { name: "The assistant needs a key" })).toBeVisible();
  await expect(page.getByLabel("Commands")).toContainText("pulumi config set --secret OPENAI_API_KEY");
  await expect(chatbot.message).toBeDisabled();
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(page.getByRole("heading", { name: "The assistant needs a key" })).toBeVisible();
  await expectAccessible(page, "the chatbot without a key");
});

test("the chatbot's sign-in takes the web's account, and is accessible", async ({ page, anotherBrowser }) => {
  const person = await signUp(await anotherBrowser());
  await page.goto(chatbotUrl);
  await expect(page.getByRole("textbox", { name: "Email" })).toBeVisible();
  await expectAccessible(page, "the chatbot's sign-in");
  await page.getByRole("textbox", { name: "Email" }).fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "The assistant needs a key" })).toBeVisible();
});
