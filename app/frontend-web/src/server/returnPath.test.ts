import { expect, test } from "vitest";
import { returnPath, withReturn } from "./returnPath";

test.each([
  ["/?view=today&q=a%20b", "/?view=today&q=a%20b"],
  ["/", "/"],
  ["//evil.example/", "/"],
  ["/\\evil.example", "/"],
  ["/\t/evil.example", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
  ["/api/auth/me", "/"],
  [undefined, "/"],
  [["/a", "/b"], "/"],
])("after signing in, %j leads to %s", (given, path) => {
  expect(returnPath(given)).toBe(path);
});

test("a path outlives its way through the address", () => {
  const link = withReturn("/sign-in", "/?view=today&tag=home");
  expect(returnPath(new URL(link, "http://x.invalid").searchParams.get("next"))).toBe("/?view=today&tag=home");
  expect(withReturn("/sign-in", "/")).toBe("/sign-in");
});
