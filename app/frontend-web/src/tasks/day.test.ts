import { expect, test } from "vitest";
import { addDays, dayIn, daysFrom, describeDue, longDay } from "./day";

test("which day it is depends on the zone, and on nothing else", () => {
  const moment = new Date("2026-03-28T23:30:00Z"); // half an hour before the day on which clocks go forward in Berlin
  expect(dayIn("Europe/Berlin", moment)).toBe("2026-03-29");
  expect(dayIn("America/Los_Angeles", moment)).toBe("2026-03-28");
  expect(dayIn("Pacific/Kiritimati", moment)).toBe("2026-03-29");
});

test("days are counted over months, leap days and daylight saving", () => {
  expect(addDays("2028-02-28", 1)).toBe("2028-02-29");
  expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
  expect(addDays("2026-03-29", -1)).toBe("2026-03-28");
  expect(daysFrom("2026-10-24", "2026-10-26")).toBe(2);
});

test.each([
  ["2026-11-23", "Today", "today"],
  ["2026-11-24", "Tomorrow", "later"],
  ["2026-11-29", "Sunday", "later"],
  ["2026-11-30", "Mon 30 Nov", "later"],
  ["2027-01-01", "Fri 1 Jan 2027", "later"],
  ["2026-11-22", "Yesterday", "overdue"],
  ["2026-11-17", "6 days ago", "overdue"],
  ["2026-11-16", "Mon 16 Nov", "overdue"],
])("on 23 November, %s is %s (%s)", (day, text, tone) => {
  expect(describeDue(day, "2026-11-23")).toEqual({ text, tone });
});

test("what is done is not overdue", () => {
  expect(describeDue("2026-11-22", "2026-11-23", true).tone).toBe("later");
});

test("the year is said when it is not this one", () => {
  expect(longDay("2026-11-23", "2026-01-01")).toBe("Monday 23 November");
  expect(longDay("2026-11-23")).toBe("Monday 23 November 2026");
});
