import { request } from "node:http";
import { chatbotUrl, webUrl } from "../../support/stack.ts";
import { expect, test } from "../../support/test.ts";

/** Posts a body that announces no length and never ends, as somebody does who wants a server's memory; resolves with the status. */
function postEndlessly(url: string, bytes: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const sent = request(url, { method: "POST", headers }, (response) => {
      resolve(response.statusCode);
      sent.destroy();
    }).on("error", reject);
    for (let left = bytes; left > 0; left -= 10_000) sent.write(Buffer.alloc(10_000, " "));
  });
}

test("nobody can make the chatbot keep a body in memory", async () => {
  expect(await postEndlessly(`${chatbotUrl}/api/auth/sign-in`, 300_000)).toBe(413);
});

for (const [name, url] of Object.entries({ web: webUrl, chatbot: chatbotUrl })) {
  test(`the ${name} front end answers a body that is too large with problem details`, async ({ context }) => {
    const answer = await context.request.post(`${url}/api/auth/sign-in`, { data: { email: "a".repeat(70_000) } });
    expect(answer.status()).toBe(413);
    expect(answer.headers()["content-type"]).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ title: "Request too large", status: 413 });
  });
}
