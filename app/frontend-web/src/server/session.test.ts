import { SignJWT } from "jose";
import { beforeEach, expect, test, vi } from "vitest";
import { verifyToken } from "./session";

const key = "k".repeat(40);
beforeEach(() => vi.stubEnv("BETTER_AUTH_SECRET", key));

function token(claims: Record<string, unknown>, { secret = key, alg = "HS256", expires = "7d" } = {}) {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg }).setIssuedAt().setExpirationTime(expires);
  return jwt.sign(new TextEncoder().encode(secret));
}
const ada = { sub: "1", email: "ada@example.com" };

test("a token that the backend signed is a session until it expires", async () => {
  const session = await verifyToken(await token(ada));
  expect(session?.email).toBe("ada@example.com");
  expect(session?.expires.getTime()).toBeGreaterThan(Date.now() + 6 * 24 * 3600 * 1000);
});

test.each([
  ["signed with another key", () => token(ada, { secret: "o".repeat(40) })],
  ["expired", () => token(ada, { expires: "1 minute ago" })],
  ["signed with another algorithm", () => token(ada, { alg: "HS512" })],
  ["without an email", () => token({ sub: "1" })],
  ["without a subject", () => token({ email: "ada@example.com" })],
  ["not signed", async () => `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ ...ada, exp: 9999999999 }))}.`],
  ["not a token", async () => "nonsense"],
])("a token %s is no session", async (_, make) => {
  expect(await verifyToken(await make())).toBeUndefined();
});

test("the backend's clock and this one may differ by half a minute", async () => {
  expect((await verifyToken(await token(ada, { expires: "20 seconds ago" })))?.email).toBe("ada@example.com");
  expect(await verifyToken(await token(ada, { expires: "40 seconds ago" }))).toBeUndefined();
});

test("without a key no token is a session", async () => {
  const good = await token(ada);
  vi.stubEnv("BETTER_AUTH_SECRET", "");
  expect(await verifyToken(good)).toBeUndefined();
});

test("around a rotation the other key's sessions are good as well", async () => {
  vi.stubEnv("BETTER_AUTH_SECRET_ALSO", "o".repeat(40));
  expect((await verifyToken(await token(ada, { secret: "o".repeat(40) })))?.email).toBe("ada@example.com");
  expect((await verifyToken(await token(ada)))?.email).toBe("ada@example.com");
  expect(await verifyToken(await token(ada, { secret: "x".repeat(40) }))).toBeUndefined();
  expect(await verifyToken(await token(ada, { secret: "o".repeat(40), expires: "1 minute ago" }))).toBeUndefined();
});
