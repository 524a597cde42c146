/** A failed request: what went wrong in words for the reader, the status when there was an answer, and when to come back. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly status?: number,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }

  /** True when the same request may well succeed later: no answer, too many requests, or a service that is away. */
  get passing(): boolean {
    return this.status === undefined || [408, 429, 502, 503, 504].includes(this.status);
  }
}

// Longer than the server waits for the backend (src/server/backend.ts), so that its answer is the one that counts.
const timeoutMs = 15_000;

/** Calls one of this site's own routes. */
export async function request(path: string, method = "GET", body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? undefined : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      keepalive: method === "DELETE", // a removal is also sent when the page is being left
    });
    if (response.status === 204) return undefined;
    answer = await response.json().catch((error: unknown) => {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    });
  } catch {
    throw new RequestError("The server cannot be reached right now.");
  }
  if (response.ok) return answer;
  throw new RequestError(describeProblem(answer), response.status, Number(response.headers.get("retry-after")) || undefined);
}

/** The readable part of problem details. */
export function describeProblem(answer: unknown): string {
  const { detail, title } = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  if (typeof detail === "string" && detail) return detail;
  if (typeof title === "string" && title) return `${title}.`;
  return "Something went wrong. Try again.";
}

/** Any failure in words. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
