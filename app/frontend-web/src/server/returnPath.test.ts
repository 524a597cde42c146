import { expect, test } from "vitest";
import { returnPath, withReturn } from "./returnPath";

test.each([
  ["/?view=today&q=a%20b", "/?view=today&q=a%20b"],
  ["/", "/"],
  ["//evil.example/", "/"],
  ["/\\evil.example", "/"],
  ["/\t/evil.example", "/"],
  ["/.//evil.example/x", "/"],
  ["/a/..//evil.example", "/"],
  ["/.\\\\evil.example", "/"],
  ["/%2e//evil.example", "/"],
  ["/./api/auth/me", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
  ["/api/auth/me", "/"],
  [undefined, "/"],
  [["/a", "/b"], "/"],
])("after signing in, %j leads to %s", (given, path) => {
  expect(returnPath(given)).toBe(path);
});

test("whatever is put together from the pieces of addresses, it leads to this site", () => {
  const pieces = ["/", "\\", ".", "..", "%2e", "\t", "a", "@", "?", "#", "evil.example"];
  const site = "https://todo.example";
  let all = ["/"];
  for (let length = 1; length <= 5; length++) {
    all = all.flatMap((start) => pieces.map((piece) => start + piece));
    const elsewhere = all.filter((given) => new URL(returnPath(given), site).origin !== site);
    expect(elsewhere.slice(0, 5), `of ${all.length}`).toEqual([]);
  }
});

test("a path outlives its way through the address", () => {
  const link = withReturn("/sign-in", "/?view=today&tag=home");
  expect(returnPath(new URL(link, "http://x.invalid").searchParams.get("next"))).toBe("/?view=today&tag=home");
  expect(withReturn("/sign-in", "/")).toBe("/sign-in");
});
