import { answerResponse, callBackend, isObject, type Answer } from "./backend";
import { readBody } from "./body";
import { log } from "./log";
import { refuseCrossSite } from "./origin";
import { problem, problemResponse } from "./problem";
import { returnPath } from "./returnPath";
import { setSessionCookie, verifyToken } from "./session";

/** Signs in or up: sends the credentials to the backend and keeps the token it answers in the session cookie. */
export async function authenticate(request: Request, backendPath: string, page: string): Promise<Response> {
  const refused = refuseCrossSite(request);
  if (refused) return refused;
  const body = await readBody(request);
  if ("problem" in body) return problemResponse(body.problem);

  const { email, password, name } = body.fields;
  const next = returnPath(body.fields.next);
  const answer = await openSession(await callBackend(backendPath, { method: "POST", body: { email, password, name: name || undefined } }));
  if (!body.form) return answerResponse(answer);
  if (answer.ok) return seeOther(next);
  return seeOther(`${page}?${new URLSearchParams({ error: String(answer.problem.status), next })}`);
}

/** Takes the token out of the backend's answer: the browser gets it as an httpOnly cookie and never in a body. */
async function openSession(answer: Answer): Promise<Answer> {
  if (!answer.ok) return answer;
  const { token, user } = isObject(answer.body) ? answer.body : {};
  const session = typeof token === "string" ? await verifyToken(token) : undefined;
  if (!session) {
    log("error", "the backend's token does not verify: BETTER_AUTH_SECRET must be the same in both services");
    return { ok: false, problem: problem(500, "Sign-in failed", "The server's session key does not match the backend's.") };
  }
  await setSessionCookie(session);
  return { ok: true, status: answer.status, body: { user } };
}

/** A redirect after a form post. The address is relative, so it is right behind any proxy or port-forward. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}

/** True for a plain HTML form, whose sender expects a page and not JSON. */
export function isForm(request: Request): boolean {
  return request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") ?? false;
}
