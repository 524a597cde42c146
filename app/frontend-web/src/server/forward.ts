import { answerResponse, callBackend } from "./backend";
import { readBody, type Fields } from "./body";
import { refuseCrossSite } from "./origin";
import { problem, problemResponse } from "./problem";
import { clearSessionCookie, currentSession } from "./session";

const withBody = new Set(["POST", "PATCH", "PUT"]);

/** Passes a signed-in visitor's request on to the backend, with the token that only the server sees; without its body if so told. */
export async function forward(request: Request, backendPath: string, { body: hasBody = true } = {}): Promise<Response> {
  const refused = request.method === "GET" ? undefined : refuseCrossSite(request);
  if (refused) return refused;
  const session = await currentSession();
  if (!session) return problemResponse(problem(401, "Not signed in", "Sign in to continue."));

  let fields: Fields | undefined;
  if (hasBody && withBody.has(request.method)) {
    const body = await readBody(request);
    if ("problem" in body) return problemResponse(body.problem);
    fields = body.fields;
  }
  const answer = await callBackend(backendPath, { method: request.method, token: session.token, body: fields });
  // The backend no longer knows the session (the account is gone): without this the sign-in page would send the visitor back.
  if (!answer.ok && answer.problem.status === 401) await clearSessionCookie();
  return answerResponse(answer);
}
