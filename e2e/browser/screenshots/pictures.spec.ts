import { Chatbot } from "../support/chatbot.ts";
import { asAda, inDays, picture, today } from "../support/picture.ts";
import { webUrl } from "../support/stack.ts";
import { addTask, expect, test } from "../support/test.ts";
import { Web } from "../support/web.ts";

// One after the other: all of them are Ada.
test.describe.configure({ mode: "serial" });

test.beforeEach(({ page }) => page.clock.setFixedTime(today));

test("the web front end", async ({ page, context }) => {
  const web = new Web(page);
  await page.goto(`${webUrl}/sign-in`);
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await picture(page, "web-sign-in");

  await asAda(context, async () => {
    await web.open();
    await expect(web.tasks).toHaveCount(0);
    await picture(page, "web-empty");

    // The newest is first.
    await addTask(context, { title: "Water the plants", priority: "low", tags: ["home"], due_date: inDays(5) });
    await addTask(context, { title: "Book the train to Bologna", tags: ["travel"], due_date: inDays(2) });
    await addTask(context, { title: "Read chapter four", priority: "low", tags: ["reading"] });
    await addTask(context, { title: "Send the invoice to Babbage & Sons", priority: "high", tags: ["work"], due_date: inDays(-1) });
    await addTask(context, {
      title: "Prepare the talk",
      notes: "Twenty minutes, one demo",
      priority: "high",
      tags: ["work", "talk"],
      due_date: inDays(0),
    });
    await addTask(context, { title: "Buy oat milk and coffee", tags: ["shopping"], due_date: inDays(0) });
    await page.reload();
    await expect(web.tasks).toHaveCount(6);
    await web.checkbox("Read chapter four").check();
    await page.mouse.move(0, 0);
    await picture(page, "web");

    await page.emulateMedia({ colorScheme: "dark" });
    await picture(page, "web-dark");
    await page.emulateMedia({ colorScheme: "light" });

    await page.setViewportSize({ width: 1280, height: 1000 });
    await web.edit("Prepare the talk");
    await page.mouse.move(0, 0);
    await picture(page, "web-editor");
    await page.keyboard.press("Escape");

    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await expect(web.tasks.first()).toBeVisible();
    await picture(page, "web-mobile");
  });
});

test("a conversation", async ({ page, context }) => {
  await asAda(context, async () => {
    await addTask(context, { title: "Prepare the talk", priority: "high", due_date: inDays(0) });
    const chatbot = new Chatbot(page);
    await chatbot.open();
    for (const text of ["What is on my list?", "Add buy oat milk and coffee", "Complete Prepare the talk"]) {
      await chatbot.say(text);
      await chatbot.whole();
    }
    await page.mouse.move(0, 0);
    await picture(page, "chatbot");
  });
});
