import { apiUrl } from "./env";
import { log } from "./log";
import { problem, problemResponse, type Problem } from "./problem";

const defaultTimeoutMs = 10_000;
// A pod of the backend that goes closes the connections that were kept to it, and with them what is just on its way. A GET
// can be asked again.
const lostCodes = ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"];
// The backend answers a chat's request at once and streams from then on: this is not how long the model may think.
const streamStartTimeoutMs = 30_000;

export type Call = { method: string; token?: string; body?: unknown; signal?: AbortSignal; timeoutMs?: number };
export type Failure = { ok: false; problem: Problem; retryAfter?: string };
export type Answer = { ok: true; status: number; body: unknown } | Failure;

/** Calls the backend. Never throws: a backend that cannot be reached is a 503 problem, a foreign answer a 502. */
export async function callBackend(path: string, call: Call, again = false): Promise<Answer> {
  const id = crypto.randomUUID(); // the backend logs it, so that its lines and ours can be matched
  try {
    const response = await send(path, call, id, AbortSignal.timeout(call.timeoutMs ?? defaultTimeoutMs));
    return read(path, response, await response.text());
  } catch (error) {
    if (call.method === "GET" && !again && lostCodes.includes(reason(error))) return callBackend(path, call, true);
    return unreachable(path, call, id, error);
  }
}

/** Calls the backend for an event stream. Aborting the call's signal, or cancelling the stream, closes the connection and so ends the model's work. */
export async function streamBackend(path: string, call: Call): Promise<{ ok: true; stream: ReadableStream<Uint8Array> } | Failure> {
  const id = crypto.randomUUID();
  const start = new AbortController();
  const timer = setTimeout(() => start.abort(), streamStartTimeoutMs);
  try {
    const response = await send(path, call, id, start.signal);
    if (response.ok && response.body && response.headers.get("content-type")?.startsWith("text/event-stream")) {
      return { ok: true, stream: passThrough(response.body, (error) => logLost(path, call, id, error)) };
    }
    const answer = read(path, response, await response.text());
    return answer.ok ? unexpected(path, response.status) : answer;
  } catch (error) {
    return unreachable(path, call, id, error);
  } finally {
    clearTimeout(timer);
  }
}

function send(path: string, { method, token, body, signal }: Call, id: string, timeout: AbortSignal): Promise<Response> {
  const headers = new Headers({ accept: "application/json, text/event-stream", "x-request-id": id });
  if (token) headers.set("authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  return fetch(apiUrl() + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    redirect: "manual",
    signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
  });
}

/** The same bytes, as they come. A connection lost on the way ends the stream without its last event, which tells the browser. */
function passThrough(body: ReadableStream<Uint8Array>, onLost: (error: unknown) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        onLost(error);
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function unreachable(path: string, { method, signal }: Call, id: string, error: unknown): Failure {
  if (signal?.aborted) log("info", "request given up by the visitor", { path, method, request_id: id });
  else log("error", "backend unreachable", { path, method, request_id: id, cause: reason(error) });
  return { ok: false, problem: problem(503, "Service unavailable", "The backend cannot be reached right now.") };
}

function logLost(path: string, { signal }: Call, id: string, error: unknown): void {
  if (signal?.aborted) log("info", "answer stopped by the visitor", { path, request_id: id });
  else log("error", "backend lost in mid-answer", { path, request_id: id, cause: reason(error) });
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
  return unexpected(path, status);
}

function unexpected(path: string, status: number): Failure {
  log("error", "backend gave an unexpected answer", { path, status });
  return { ok: false, problem: problem(502, "Bad gateway", "The backend gave an unexpected answer.") };
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
