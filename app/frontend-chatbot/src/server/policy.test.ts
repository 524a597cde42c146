import { expect, test } from "vitest";
import { policyHeaders } from "./policy";

test("scripts run by nonce only", () => {
  const policy = policyHeaders("abc", { https: false, development: false })["Content-Security-Policy"];
  expect(policy).toContain("script-src 'self' 'nonce-abc' 'strict-dynamic';");
  expect(policy).not.toMatch(/unsafe/);
});

test("plain http is not sent to https", () => {
  const headers = policyHeaders("abc", { https: false, development: false });
  expect(headers["Content-Security-Policy"]).not.toContain("upgrade-insecure-requests");
  expect(headers).not.toHaveProperty("Strict-Transport-Security");
});

test("https stays https", () => {
  const headers = policyHeaders("abc", { https: true, development: false });
  expect(headers["Content-Security-Policy"]).toContain("upgrade-insecure-requests");
  expect(headers).toHaveProperty("Strict-Transport-Security");
});
