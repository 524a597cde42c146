import { answerResponse, callBackend } from "@/server/backend";
import { readBody } from "@/server/body";
import { refuseCrossSite } from "@/server/origin";
import { problem, problemResponse } from "@/server/problem";
import { clearSessionCookie, sessionToken } from "@/server/session";

// A model may think for a while; longer than this, the visitor is better served by a retry.
const timeoutMs = 60_000;

export async function POST(request: Request): Promise<Response> {
  const refused = refuseCrossSite(request);
  if (refused) return refused;
  const token = sessionToken();
  if (!token) return problemResponse(problem(401, "Not signed in", "Sign in to continue."));
  const body = await readBody(request);
  if ("problem" in body) return problemResponse(body.problem);

  const { message } = body.fields;
  // request.signal: when the visitor presses Stop, the backend's work stops too.
  const answer = await callBackend("/api/chat", { method: "POST", token, body: { message }, timeoutMs, signal: request.signal });
  if (!answer.ok && answer.problem.status === 401) clearSessionCookie();
  return answerResponse(answer);
}
