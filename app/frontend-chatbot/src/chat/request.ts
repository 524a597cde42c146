/** A failed request: what went wrong in words for the reader, and the status when there was an answer. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

type Options = { body?: unknown; signal?: AbortSignal };

/** Calls one of this site's own routes. */
export async function send(method: "GET" | "POST" | "DELETE", path: string, { body, signal }: Options = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? undefined : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError("This page cannot reach its server. Check the connection and try again.");
  }
  if (response.ok) return response;
  throw new RequestError(describeProblem(await response.json().catch(() => undefined)), response.status);
}

/** Reads JSON from one of this site's own routes. */
export async function read<T>(path: string, options?: Options): Promise<T> {
  return (await send("GET", path, options)).json() as Promise<T>;
}

/** The readable part of problem details. */
export function describeProblem(problem: unknown): string {
  const { detail, title } = Object(problem) as Record<string, unknown>;
  if (typeof detail === "string" && detail) return detail;
  if (typeof title === "string" && title) return `${title}.`;
  return "Something went wrong. Try again.";
}
