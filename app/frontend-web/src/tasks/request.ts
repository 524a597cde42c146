/** A failed request: what went wrong in words for the reader, and the status when there was an answer. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** Calls one of this site's own routes. */
export async function request(path: string, method = "GET", body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? undefined : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new RequestError("This page cannot reach its server. Check the connection and try again.");
  }
  if (response.status === 204) return undefined;
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  throw new RequestError(describeProblem(answer), response.status);
}

/** The readable part of problem details. */
export function describeProblem(answer: unknown): string {
  const { detail, title } = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  if (typeof detail === "string" && detail) return detail;
  if (typeof title === "string" && title) return `${title}.`;
  return "Something went wrong. Try again.";
}
