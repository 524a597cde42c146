/** RFC 9457 problem details, the shape of every error answer. */
export type Problem = { type?: string; title: string; status: number; detail?: string } & Record<string, unknown>;

export function problem(status: number, title: string, detail?: string): Problem {
  return { type: "about:blank", title, status, detail };
}

export function problemResponse(body: Problem, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}
