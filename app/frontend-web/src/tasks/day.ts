// Days are text such as 2026-11-30 and are reckoned in UTC, where every day has 24 hours: no time zone and no
// daylight saving can move them. Only "which day is it now" depends on where the reader is.

// Names of our own instead of Intl's: the server's and the browser's versions differ in punctuation, and React would notice.
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = "January February March April May June July August September October November December".split(" ");
const dayMs = 86_400_000;

/** The day it is now in a time zone such as Europe/Berlin; without one, where this program runs. */
export function dayIn(timeZone?: string, now = new Date()): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
}

/** How many days `day` is after `from`; negative when it is before. */
export function daysFrom(from: string, day: string): number {
  return Math.round((Date.parse(day) - Date.parse(from)) / dayMs);
}

/** "Monday 23 November 2026"; without the year when it is that of `today`. */
export function longDay(day: string, today?: string): string {
  const date = new Date(Date.parse(day));
  const year = today?.slice(0, 4) === day.slice(0, 4) ? "" : ` ${day.slice(0, 4)}`;
  return `${weekdays[date.getUTCDay()]} ${date.getUTCDate()} ${months[date.getUTCMonth()]}${year}`;
}

export type Due = { text: string; tone: "overdue" | "today" | "later" };

/** A due date in the words a person would use today. A task that is done is never overdue. */
export function describeDue(day: string, today: string, done = false): Due {
  const days = daysFrom(today, day);
  const tone = days < 0 && !done ? "overdue" : days === 0 && !done ? "today" : "later";
  return { text: dueText(day, days, today), tone };
}

function dueText(day: string, days: number, today: string): string {
  if (days === 0) return "Today";
  if (days === 1) return "Tomorrow";
  if (days === -1) return "Yesterday";
  if (days < 0 && days >= -6) return `${-days} days ago`;
  const date = new Date(Date.parse(day));
  const weekday = weekdays[date.getUTCDay()] ?? "";
  if (days > 0 && days <= 6) return weekday;
  const year = today.slice(0, 4) === day.slice(0, 4) ? "" : ` ${day.slice(0, 4)}`;
  return `${weekday.slice(0, 3)} ${date.getUTCDate()} ${(months[date.getUTCMonth()] ?? "").slice(0, 3)}${year}`;
}
