import { asAda, picture } from "../support/picture.ts";
import { chatbotUrl } from "../support/stack.ts";
import { expect, test } from "../support/test.ts";

test("the chatbot without a key", async ({ page, context }) => {
  await asAda(context, async () => {
    await page.goto(chatbotUrl);
    await expect(page.getByRole("heading", { name: "The assistant needs a key" })).toBeVisible();
    await picture(page, "chatbot-no-key");
  });
});
