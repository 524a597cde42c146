// Reads the answer of `npm audit --json` and fails for every package of high or critical severity, but for those that the
// front end's package.json accepts with a reason:  npm audit --omit=dev --json | node ../audit.mjs
import { readFileSync } from "node:fs";

const { name, acceptedAdvisories = {} } = JSON.parse(readFileSync("package.json", "utf8"));
const text = readFileSync(0, "utf8");
let answer;
try {
  answer = JSON.parse(text);
} catch {
  console.error(`▸ ${name}: npm audit did not answer in JSON: ${text.slice(0, 200)}`);
  process.exit(1);
}
if (!answer.vulnerabilities) {
  const why = answer.statusCode ? `HTTP ${answer.statusCode}` : answer.error?.summary || answer.message || "no reason given";
  console.log(`▸ ${name}: not audited, because this machine's npm registry does not answer audits: ${why}`);
  process.exit(0);
}
const severe = Object.values(answer.vulnerabilities).filter(({ severity }) => severity === "high" || severity === "critical");
const refused = severe.filter((one) => !(one.name in acceptedAdvisories));
for (const one of refused) {
  const advisories = one.via.map((via) => (typeof via === "string" ? `through ${via}` : `${via.title} ${via.url}`));
  console.error(`▸ ${name}: ${one.name} ${one.range} has ${one.severity} advisories:\n    ${advisories.join("\n    ")}`);
}
for (const one of severe.filter((one) => !refused.includes(one))) console.log(`▸ ${name}: ${one.name} has ${one.severity} advisories, accepted: ${acceptedAdvisories[one.name]}`);
if (severe.length === 0) console.log(`▸ ${name}: npm audit found nothing high or critical`);
process.exit(refused.length > 0 ? 1 : 0);
