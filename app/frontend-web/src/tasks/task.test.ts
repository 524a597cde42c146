import { expect, test } from "vitest";
import { finished, parseDraft, startDraft } from "./draft";
import { blank, difference, parsePage, parseTags, parseTask, toBody, validate } from "./task";

test("a task from the backend's JSON; what is not a task is left out", () => {
  const json = { id: 7, title: "a", notes: "n", priority: "high", tags: ["x", 1], due_date: "2026-11-30", done: true, created_at: "t" };
  expect(parseTask(json)).toEqual({
    ...blank,
    id: "7",
    title: "a",
    notes: "n",
    priority: "high",
    tags: ["x"],
    dueDate: "2026-11-30",
    done: true,
    createdAt: "t",
  });
  expect(parsePage({ items: [{ id: 7, title: "a" }, { title: "no id" }, null], total: 9 })).toMatchObject({
    tasks: [{ id: "7", ...blank, title: "a" }],
    total: 9,
  });
  expect(parsePage({ detail: "no" })).toBeUndefined();
});

test("only what was changed is sent, and null clears", () => {
  const before = { ...blank, title: "a", dueDate: "2026-11-30", tags: ["x"] };
  expect(toBody(difference(before, { ...before, tags: ["x"], dueDate: null }))).toEqual({ due_date: null });
});

test("tags have one spelling", () => {
  expect(parseTags(" Home,  big   Shop ,home,, ")).toEqual(["home", "big shop"]);
});

test.each([
  [{ title: " " }, { title: "A task needs a title." }],
  [{ tags: ["x".repeat(41)] }, { tags: expect.stringContaining("longer than 40") as string }],
  [{ tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }, { tags: "At most 20 tags, these are 21." }],
  [{}, {}],
])("%j is told before the backend has to", (fields, problems) => {
  expect(validate({ ...blank, title: "a", ...fields })).toEqual(problems);
});

test("a draft outlives its storage, and is tidied when it is saved", () => {
  const draft = { ...startDraft({ ...blank, id: "1", title: "a", createdAt: "" }), tagsText: "B, b" };
  draft.fields = { ...draft.fields, title: " c ", notes: "  " };
  expect(parseDraft(JSON.stringify(draft))).toEqual(draft);
  expect(finished(draft)).toMatchObject({ title: "c", notes: null, tags: ["b"] });
  expect(parseDraft("{}")).toBeUndefined();
});
