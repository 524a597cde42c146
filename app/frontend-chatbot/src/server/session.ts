import { cookies } from "next/headers";
import { callBackend, isObject } from "./backend";
import { cookieDomain, isHttps } from "./env";
import { log } from "./log";
import type { Problem } from "./problem";

/** The web application's cookie: cookies ignore ports, so one sign-in serves both. */
const cookieName = "todo_session";
const revokeTimeoutMs = 2_000; // somebody waits to leave

export type Visitor = { state: "in"; email: string } | { state: "out" } | { state: "unknown"; problem: Problem };

export function sessionToken(): string | undefined {
  return cookies().get(cookieName)?.value;
}

/** Who is visiting. The backend says whether the token is good: this service does not hold the key that signs it. */
export async function currentVisitor(): Promise<Visitor> {
  const token = sessionToken();
  if (!token) return { state: "out" };
  const answer = await callBackend("/api/auth/me", { method: "GET", token });
  if (answer.ok) return { state: "in", email: isObject(answer.body) ? String(answer.body.email) : "" };
  return answer.problem.status === 401 ? { state: "out" } : { state: "unknown", problem: answer.problem };
}

/** Keeps a token that the backend has just issued, for as long as it is good. */
export function setSessionCookie(token: string): void {
  cookies().set(cookieName, token, { ...attributes(), expires: tokenExpiry(token) });
}

/** Removes the cookie. The attributes have to be those it was set with, or the browser keeps it. */
export function clearSessionCookie(): void {
  cookies().set(cookieName, "", { ...attributes(), maxAge: 0 });
}

/**
 * Signs out: the backend revokes the token, so that a copy of it is worth nothing, and the cookie goes. The cookie goes whatever
 * the backend answers, or does not: a visitor can always leave this browser.
 */
export async function endSession(): Promise<void> {
  const token = sessionToken();
  if (token) await revoke(token);
  clearSessionCookie();
}

async function revoke(token: string): Promise<void> {
  const answer = await callBackend("/api/auth/logout", { method: "POST", token, timeoutMs: revokeTimeoutMs });
  if (answer.ok || answer.problem.status === 401) return; // 401: the token is good for nothing any more
  log("warning", "signed out here, but the backend did not revoke the session", { status: answer.problem.status });
}

/** When a token expires; undefined (the cookie ends with the browser) when it does not say. Reads, does not verify. */
export function tokenExpiry(token: string): Date | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return isObject(claims) && typeof claims.exp === "number" ? new Date(claims.exp * 1000) : undefined;
  } catch {
    return undefined;
  }
}

function attributes() {
  return { httpOnly: true, sameSite: "lax", path: "/", secure: isHttps(), domain: cookieDomain() } as const;
}
