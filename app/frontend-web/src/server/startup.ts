import { environmentProblems } from "./env";
import { log } from "./log";

/** Ends the process when the server could sign nobody in, one line per reason, so that a rollout stops there. */
export function requireEnvironment(): void {
  const problems = environmentProblems();
  for (const line of problems) log("error", line);
  if (problems.length > 0) process.exit(1);
}
