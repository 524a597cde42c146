import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("audit.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "audit-"));
writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "front", acceptedAdvisories: { next: "it is the last 14" } }));

function vulnerable(name, severity) {
  return { [name]: { name, severity, range: "<1", via: [{ title: "Denial of service", url: "https://example.com/advisory" }] } };
}

for (const [what, answer, status, says] of [
  ["nothing found", { vulnerabilities: {} }, 0, /nothing high or critical/],
  ["a moderate one", { vulnerabilities: vulnerable("postcss", "moderate") }, 0, /nothing high or critical/],
  ["a high one", { vulnerabilities: vulnerable("left", "high") }, 1, /left <1 has high advisories:\n.*Denial of service https/],
  ["an accepted one", { vulnerabilities: vulnerable("next", "critical") }, 0, /accepted: it is the last 14/],
  ["an accepted one beside another", { vulnerabilities: { ...vulnerable("next", "high"), ...vulnerable("left", "critical") } }, 1, /left/],
  ["a registry that does not answer audits", { message: "405 Method Not Allowed", statusCode: 405 }, 0, /not audited.*HTTP 405/],
  ["no JSON", "<html>", 1, /did not answer in JSON/],
]) {
  test(what, () => {
    const run = spawnSync(process.execPath, [script], { cwd: folder, input: typeof answer === "string" ? answer : JSON.stringify(answer), encoding: "utf8" });
    assert.match(run.stdout + run.stderr, says);
    assert.equal(run.status, status);
  });
}
