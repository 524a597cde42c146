import { apiUrl } from "./env";
import { log } from "./log";
import { problem, problemResponse, type Problem } from "./problem";

const defaultTimeoutMs = 10_000;
// A pod of the backend that goes closes the connections that were kept to it, and with them what is just on its way. A GET
// can be asked again.
const lostCodes = ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"];

export type Call = { method: string; token?: string; body?: unknown; timeoutMs?: number };
export type Answer = { ok: true; status: number; body: unknown } | { ok: false; problem: Problem; retryAfter?: string };

/** Calls the backend. Never throws: a backend that cannot be reached is a 503 problem, a foreign answer a 502. */
export async function callBackend(path: string, call: Call, again = false): Promise<Answer> {
  const { method, token, body, timeoutMs = defaultTimeoutMs } = call;
  const requestId = crypto.randomUUID(); // the backend logs it, so that its lines and ours can be matched
  const headers = new Headers({ accept: "application/json", "x-request-id": requestId });
  if (token) headers.set("authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  try {
    const response = await fetch(apiUrl() + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return read(path, response, await response.text());
  } catch (error) {
    if (method === "GET" && !again && lostCodes.includes(reason(error))) return callBackend(path, call, true);
    log("error", "backend unreachable", { path, method, request_id: requestId, cause: reason(error) });
    return { ok: false, problem: problem(503, "Service unavailable", "The task service cannot be reached right now.") };
  }
}

function read(path: string, response: Response, text: string): Answer {
  const { status } = response;
  const body = parse(text);
  if (response.ok && (status === 204 || body !== undefined)) return { ok: true, status, body };
  if (status >= 400 && isObject(body)) {
    // Passed on as it is: the backend wrote it for the reader.
    const passed = { title: "Request failed", ...body, status };
    return { ok: false, problem: passed, retryAfter: response.headers.get("retry-after") ?? undefined };
  }
  log("error", "backend gave an unexpected answer", { path, status });
  return { ok: false, problem: problem(502, "Bad gateway", "The task service gave an unexpected answer.") };
}

/** The answer for the browser, as it is. */
export function answerResponse(answer: Answer): Response {
  if (!answer.ok) return problemResponse(answer.problem, answer.retryAfter ? { "retry-after": answer.retryAfter } : {});
  if (answer.status === 204) return new Response(null, { status: 204 });
  return Response.json(answer.body, { status: answer.status, headers: { "cache-control": "no-store" } });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// fetch hides the reason (ECONNREFUSED, ENOTFOUND) in `cause`.
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
}
