import { answerResponse, callBackend, isObject } from "./backend";
import { readBody } from "./body";
import { refuseCrossSite } from "./origin";
import { problem, problemResponse } from "./problem";
import { setSessionCookie } from "./session";

/** Signs in: sends the credentials to the backend and keeps the token it answers in the session cookie. */
export async function authenticate(request: Request): Promise<Response> {
  const refused = refuseCrossSite(request);
  if (refused) return refused;
  const body = await readBody(request);
  if ("problem" in body) return problemResponse(body.problem);

  const { email, password } = body.fields;
  const answer = await callBackend("/api/auth/login", { method: "POST", body: { email, password } });
  if (!answer.ok) return body.form ? seeOther(`/?error=${answer.problem.status}`) : answerResponse(answer);
  const { token, user } = isObject(answer.body) ? answer.body : {};
  if (typeof token !== "string") return problemResponse(problem(502, "Bad gateway", "The backend gave an unexpected answer."));
  setSessionCookie(token); // and never in a body
  return body.form ? seeOther("/") : answerResponse({ ...answer, body: { user } });
}

/** A redirect after a form post. The address is relative, so it is right behind any proxy or port-forward. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}
