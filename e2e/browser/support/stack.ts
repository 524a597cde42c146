import { execFileSync } from "node:child_process";

/** Where the stack serves its front ends; `make up` prints the same. */
export const webUrl = process.env.WEB_URL ?? "http://localhost:3000";
export const chatbotUrl = process.env.CHATBOT_URL ?? "http://localhost:3001";

/** A text that a test puts on a page, so that the search of what was served can show that it would find something. */
export const planted = process.env.PLANTED ?? "planted-for-the-search";

/** Runs kubectl in the stack's namespace. The environment is that of `make env`. */
export function kubectl(...args: string[]): string {
  return execFileSync("kubectl", ["-n", process.env.NAMESPACE ?? "todo-dev", ...args], { encoding: "utf8" });
}
