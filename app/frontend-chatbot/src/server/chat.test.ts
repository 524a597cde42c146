import { expect, test } from "vitest";
import { parseStatus } from "./chat";

test("configured", () => {
  expect(parseStatus({ configured: true }, false)).toEqual({ configured: true });
});

test("not configured says why", () => {
  expect(parseStatus({ configured: false, reason: "R" }, false)).toEqual({ configured: false, reason: "R" });
  expect(parseStatus({}, false).reason).toContain("OPENAI_API_KEY");
});

test("a key given to the wrong service is said", () => {
  expect(parseStatus({ configured: false }, true).hint).toContain("VITE_OPENAI_API_KEY");
});
