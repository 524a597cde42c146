import { expect, test } from "vitest";
import { tokenExpiry } from "./session";

function token(claims: string): string {
  return `head.${Buffer.from(claims).toString("base64url")}.signature`;
}

test("the cookie lasts as long as the token", () => {
  expect(tokenExpiry(token('{"exp":1767225600}'))).toEqual(new Date("2026-01-01T00:00:00Z"));
});

test.each([token("{}"), token("nonsense"), "nonsense", ""])("a token that does not say ends with the browser: %s", (value) => {
  expect(tokenExpiry(value)).toBeUndefined();
});
