import { jwtVerify } from "jose";
import { cookies } from "next/headers";
import { callBackend } from "./backend";
import { authSecrets, cookieDomain, isHttps } from "./env";
import { log } from "./log";

export const sessionCookieName = "todo_session";

const revokeTimeoutMs = 2_000; // somebody waits to leave

export type Session = { token: string; email: string; expires: Date };

/** The session in a token, or undefined when the token is not one that the backend signed, or has expired. */
export async function verifyToken(token: string): Promise<Session | undefined> {
  for (const key of authSecrets()) {
    const session = await verifyWith(key, token);
    if (session) return session;
  }
  return undefined;
}

async function verifyWith(key: Uint8Array, token: string): Promise<Session | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"], // named, so that a token cannot choose a weaker one
      requiredClaims: ["sub", "email", "exp"],
      clockTolerance: 30, // seconds the two clocks may differ, as in the backend
    });
    if (typeof payload.email !== "string" || payload.exp === undefined) return undefined;
    return { token, email: payload.email, expires: new Date(payload.exp * 1000) };
  } catch {
    return undefined;
  }
}

/** The visitor's session, or undefined when signed out. */
export async function currentSession(): Promise<Session | undefined> {
  const token = (await cookies()).get(sessionCookieName)?.value;
  return token ? verifyToken(token) : undefined;
}

export async function setSessionCookie(session: Session): Promise<void> {
  (await cookies()).set(sessionCookieName, session.token, { ...attributes(), expires: session.expires });
}

/** Removes the cookie. The attributes have to be those it was set with, or the browser keeps it. */
export async function clearSessionCookie(): Promise<void> {
  (await cookies()).set(sessionCookieName, "", { ...attributes(), maxAge: 0 });
}

/**
 * Signs out: the backend revokes the token, so that a copy of it is worth nothing, and the cookie goes. The cookie goes whatever
 * the backend answers, or does not: a visitor can always leave this browser.
 */
export async function endSession(): Promise<void> {
  const token = (await cookies()).get(sessionCookieName)?.value;
  if (token) await revoke(token);
  await clearSessionCookie();
}

async function revoke(token: string): Promise<void> {
  const answer = await callBackend("/api/auth/logout", { method: "POST", token, timeoutMs: revokeTimeoutMs });
  if (answer.ok || answer.problem.status === 401) return; // 401: the token is good for nothing any more
  log("warning", "signed out here, but the backend did not revoke the session", { status: answer.problem.status });
}

function attributes() {
  return { httpOnly: true, sameSite: "lax", path: "/", secure: isHttps(), domain: cookieDomain() } as const;
}
