// Reads the answer of `npm audit --json` and fails for every advisory of high or critical severity, but for those that the
// front end's package.json accepts with a reason: a critical one by its id ("GHSA-…"), a high one also by package and exact
// version ("next@14.2.35"), so that neither a new critical advisory nor another version is accepted unseen.
//   npm audit --omit=dev --json | node ../audit.mjs
import { readFileSync } from "node:fs";

// A mirror that does not have npm's audit at all says one of these. Anything else (no network, no lockfile, no rights) is a failure.
const notOffered = [404, 405, 501];

const { name, acceptedAdvisories = {} } = JSON.parse(readFileSync("package.json", "utf8"));
const text = readFileSync(0, "utf8");
let answer;
try {
  answer = JSON.parse(text);
} catch {
  console.error(`▸ ${name}: npm audit did not answer in JSON: ${text.slice(0, 200)}`);
  process.exit(1);
}
if (!answer.vulnerabilities && notOffered.includes(answer.statusCode)) {
  console.log(`▸ ${name}: not audited, because this machine's npm registry does not answer audits: HTTP ${answer.statusCode}`);
  process.exit(0);
}
if (!answer.vulnerabilities) {
  console.error(`▸ ${name}: npm audit failed: ${answer.error?.summary || answer.message || text.slice(0, 200)}`);
  process.exit(1);
}
const installed = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
let refused = 0;
let severe = 0;
for (const { name: vulnerable, nodes = [], via } of Object.values(answer.vulnerabilities)) {
  const versions = [...new Set(nodes.map((node) => `${vulnerable}@${installed[node]?.version}`))];
  // A string in `via` only names another package of this list.
  for (const { title, url, severity } of via.filter((one) => typeof one === "object")) {
    if (severity !== "high" && severity !== "critical") continue;
    severe++;
    const id = url.split("/").pop();
    const byVersion = severity === "high" && versions.length > 0 && versions.every((one) => one in acceptedAdvisories);
    const reason = acceptedAdvisories[id] ?? (byVersion ? acceptedAdvisories[versions[0]] : undefined);
    const what = `▸ ${name}: ${versions.join(", ") || vulnerable} has a ${severity} advisory, `;
    if (reason) console.log(`${what}accepted for ${id in acceptedAdvisories ? id : versions}: ${title} ${url}: ${reason}`);
    else console.error(`${what}not accepted in package.json: ${title} ${url}`);
    if (!reason) refused++;
  }
}
if (severe === 0) console.log(`▸ ${name}: npm audit found nothing high or critical`);
process.exit(refused > 0 ? 1 : 0);
