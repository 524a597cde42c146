import { answerResponse, callBackend, streamBackend, type Failure } from "./backend";
import { readBody, type Fields } from "./body";
import { refuseCrossSite } from "./origin";
import { problem, problemResponse } from "./problem";
import { clearSessionCookie, sessionToken } from "./session";

/** Passes a signed-in visitor's request on to the backend, with the token that only the server sees. */
export async function forward(request: Request, path: string): Promise<Response> {
  const visitor = admit(request);
  if ("refused" in visitor) return visitor.refused;
  const answer = await callBackend(path, { method: request.method, token: visitor.token });
  return answer.ok ? answerResponse(answer) : failed(answer);
}

/** The same for an answer that is streamed. `pick` is what of the request's body the backend gets. */
export async function forwardStream(request: Request, path: string, pick: (fields: Fields) => Fields): Promise<Response> {
  const visitor = admit(request);
  if ("refused" in visitor) return visitor.refused;
  const body = await readBody(request);
  if ("problem" in body) return problemResponse(body.problem);

  // request.signal: when the visitor presses Stop or leaves, the backend's work stops too.
  const answer = await streamBackend(path, { method: "POST", token: visitor.token, body: pick(body.fields), signal: request.signal });
  if (!answer.ok) return failed(answer);
  return new Response(answer.stream, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      // no-transform keeps compression, here and in proxies, from holding back parts of the stream; the other is nginx's word for it.
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    },
  });
}

function admit(request: Request): { token: string } | { refused: Response } {
  const crossSite = request.method === "GET" ? undefined : refuseCrossSite(request);
  if (crossSite) return { refused: crossSite };
  const token = sessionToken();
  return token ? { token } : { refused: problemResponse(problem(401, "Not signed in", "Sign in to continue.")) };
}

function failed(answer: Failure): Response {
  // The backend no longer knows the session: without its cookie the page shows the sign-in form.
  if (answer.problem.status === 401) clearSessionCookie();
  return answerResponse(answer);
}
