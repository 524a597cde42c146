import { expect, test } from "vitest";
import { addressOf, apiSearch, matches, newFields, parseQuery, type Query } from "./query";
import { blank } from "./task";

const parse = (search: string) => parseQuery(new URLSearchParams(search));
const today = "2026-11-23";

test.each(["/", "/?view=today&q=milk&priority=high&priority=low&tag=home&tag=big+shop&sort=due"])("%s means itself", (address) => {
  expect(addressOf(parse(address.slice(2)))).toBe(address);
});

test("what the address does not know is left out", () => {
  expect(parse("view=x&priority=urgent&sort=size&tag=&tag=Home&tag=home")).toEqual({ ...parse(""), tags: ["home"] });
});

test.each<[string, Record<string, string>]>([
  ["", { done: "false", sort: "created" }],
  ["view=today", { done: "false", due_after: "2026-11-22", due_before: "2026-11-24" }],
  ["view=overdue", { overdue: "true", today }],
  ["view=done&sort=oldest", { done: "true", sort: "created", order: "asc" }],
  ["view=all&sort=title&q=a", { sort: "title", q: "a" }],
])("the backend is asked for %j", (search, wanted) => {
  const params = new URLSearchParams(apiSearch(parse(search), today));
  expect(Object.fromEntries(params)).toEqual({ sort: "created", limit: "50", offset: "0", ...wanted });
});

test("several priorities and tags are repeated", () => {
  const params = new URLSearchParams(apiSearch(parse("priority=low&priority=high&tag=a&tag=b"), today, 50));
  expect([params.getAll("priority"), params.getAll("tag"), params.get("offset")]).toEqual([["high", "low"], ["a", "b"], "50"]);
});

test.each<[string, Partial<typeof blank>, boolean]>([
  ["", { done: true }, false],
  ["view=all", { done: true }, true],
  ["view=today", { dueDate: today }, true],
  ["view=today", { dueDate: "2026-11-22" }, false],
  ["view=overdue", { dueDate: "2026-11-22" }, true],
  ["view=overdue", { dueDate: "2026-11-22", done: true }, false],
  ["view=overdue", {}, false],
  ["q=MILK", { notes: "oat milk" }, true],
  ["tag=a&tag=b", { tags: ["a"] }, false],
  ["priority=high", { priority: "high" }, true],
])("%j matches %j: %s", (search, fields, expected) => {
  expect(matches({ ...blank, title: "x", ...fields }, parse(search), today)).toBe(expected);
});

test("a new task belongs to the list it is written in", () => {
  const query: Query = parse("view=today&priority=high&tag=home");
  expect(newFields("Sweep", query, today)).toMatchObject({ title: "Sweep", dueDate: today, priority: "high", tags: ["home"] });
  expect(matches(newFields("Sweep", query, today), query, today)).toBe(true);
});
