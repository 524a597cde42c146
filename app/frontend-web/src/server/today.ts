import { cookies } from "next/headers";
import { dayIn } from "@/tasks/day";

/** The visitor's day: in the time zone that their browser named on an earlier visit, else in UTC. */
export async function visitorsToday(): Promise<string> {
  return todayIn((await cookies()).get("tz")?.value);
}

/** The day in a zone that a visitor named, which may be anything. */
export function todayIn(zone: string | undefined): string {
  try {
    return dayIn(zone ? decodeURIComponent(zone) : "UTC");
  } catch {
    return dayIn("UTC");
  }
}
