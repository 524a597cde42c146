import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("audit.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "audit-"));
const accepted = { "next@14.2.35": "it is the last 14", "GHSA-known": "not reachable here" };
writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "front", acceptedAdvisories: accepted }));
const packages = {
  "node_modules/next": { version: "14.2.35" },
  "node_modules/left": { version: "1.0.0" },
  "node_modules/a/node_modules/next": { version: "13.0.0" },
};
writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));

function vulnerable(name, severity, id = "GHSA-new", nodes = [`node_modules/${name}`]) {
  const via = [{ title: "Denial of service", url: `https://example.com/advisories/${id}`, severity }];
  return { [name]: { name, severity, range: "<99", nodes, via } };
}

for (const [what, answer, status, says] of [
  ["nothing found", { vulnerabilities: {} }, 0, /nothing high or critical/],
  ["a moderate one", { vulnerabilities: vulnerable("postcss", "moderate") }, 0, /nothing high or critical/],
  [
    "a high one",
    { vulnerabilities: vulnerable("left", "high") },
    1,
    /left@1.0.0 has a high advisory, not accepted.*Denial of service https/,
  ],
  ["a high one of an accepted version", { vulnerabilities: vulnerable("next", "high") }, 0, /accepted for next@14.2.35.*it is the last 14/],
  [
    "a high one of another version",
    { vulnerabilities: vulnerable("next", "high", "GHSA-new", ["node_modules/a/node_modules/next"]) },
    1,
    /next@13.0.0 .*not accepted/,
  ],
  [
    "a high one of both versions",
    { vulnerabilities: vulnerable("next", "high", "GHSA-new", ["node_modules/next", "node_modules/a/node_modules/next"]) },
    1,
    /not accepted/,
  ],
  [
    "a new critical one of an accepted version",
    { vulnerabilities: vulnerable("next", "critical") },
    1,
    /next@14.2.35 has a critical advisory, not accepted/,
  ],
  [
    "an accepted critical one",
    { vulnerabilities: vulnerable("next", "critical", "GHSA-known") },
    0,
    /accepted for GHSA-known.*not reachable here/,
  ],
  ["an accepted one beside another", { vulnerabilities: { ...vulnerable("next", "high"), ...vulnerable("left", "critical") } }, 1, /left/],
  [
    "one that comes through another package",
    { vulnerabilities: { ...vulnerable("next", "high"), wrap: { name: "wrap", severity: "high", nodes: [], via: ["next"] } } },
    0,
    /accepted/,
  ],
  ["a registry that does not answer audits", { message: "405 Method Not Allowed", statusCode: 405 }, 0, /not audited.*HTTP 405/],
  ["a registry in trouble", { message: "503 Service Unavailable", statusCode: 503 }, 1, /npm audit failed: 503/],
  ["a registry that asks who this is", { message: "401 Unauthorized", statusCode: 401 }, 1, /npm audit failed: 401/],
  [
    "no network",
    { message: "getaddrinfo ENOTFOUND", error: { code: "ENOTFOUND", summary: "request failed" } },
    1,
    /npm audit failed: request failed/,
  ],
  [
    "no lockfile",
    { error: { code: "ENOLOCK", summary: "This command requires an existing lockfile." } },
    1,
    /npm audit failed: This command requires/,
  ],
  ["no JSON", "<html>", 1, /did not answer in JSON/],
  ["no answer", "", 1, /did not answer in JSON/],
]) {
  test(what, () => {
    const run = spawnSync(process.execPath, [script], {
      cwd: folder,
      input: typeof answer === "string" ? answer : JSON.stringify(answer),
      encoding: "utf8",
    });
    assert.match(run.stdout + run.stderr, says);
    assert.equal(run.status, status);
  });
}
