import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { todayIn } from "./today";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-23T11:30:00Z") }));
afterEach(() => vi.useRealTimers());

test.each([
  ["Pacific%2FKiritimati", "2026-11-24"],
  ["Pacific/Pago_Pago", "2026-11-23"],
  [undefined, "2026-11-23"],
  ["Nowhere/Land", "2026-11-23"],
  ["%", "2026-11-23"],
])("in %s it is %s", (zone, day) => {
  expect(todayIn(zone)).toBe(day);
});
