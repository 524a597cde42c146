/** A failed request: what went wrong in words for the reader, and the status when there was an answer. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** Calls one of this site's own routes with JSON. */
export async function request(path: string, body?: unknown, signal?: AbortSignal): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? undefined : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch {
    if (signal?.aborted) throw new RequestError("Stopped.");
    throw new RequestError("This page cannot reach its server. Check the connection and try again.");
  }
  const answer: unknown = await response.json().catch(() => undefined);
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  if (response.ok) return fields;
  throw new RequestError(describeProblem(fields), response.status);
}

/** The readable part of problem details. */
export function describeProblem({ detail, title }: Record<string, unknown>): string {
  if (typeof detail === "string" && detail) return detail;
  if (typeof title === "string" && title) return `${title}.`;
  return "Something went wrong. Try again.";
}
