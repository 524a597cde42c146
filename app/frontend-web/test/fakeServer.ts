import { matches, parseQuery } from "../src/tasks/query";
import { parseTask } from "../src/tasks/task";

type Row = Record<string, unknown> & { id: string; title: string };
export type Call = { method: string; path: string; body?: Record<string, unknown> };

/** A backend for tests, behind `fetch`: it keeps tasks, and can be away, refuse, or lose its answers. */
export class FakeServer {
  calls: Call[] = [];
  /** The status that every request gets, or "lost": it is done, and the answer does not arrive. */
  failure?: number | "lost" | "unreachable";
  rows: Row[] = [];
  /** Lists are answered when this is over, with what there was when they were asked for. */
  slowLists?: Promise<void>;
  private next = 1;

  seed(...tasks: (Partial<Row> & { title: string })[]): this {
    for (const task of tasks) this.insert(task);
    return this;
  }

  titles(): string[] {
    return this.rows.map((row) => row.title);
  }

  sent(method: string): Call[] {
    return this.calls.filter((call) => call.method === method);
  }

  fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input), "http://site.invalid");
    const method = init.method ?? "GET";
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : undefined;
    this.calls.push({ method, path: url.pathname + url.search, body });
    await Promise.resolve();
    init.signal?.throwIfAborted();
    if (this.failure === "unreachable") throw new TypeError("fetch failed");
    if (typeof this.failure === "number") return json({ title: "No", detail: `Refused with ${this.failure}.` }, this.failure);
    const answer = this.answer(method, url, body);
    if (method === "GET") await this.slowLists;
    if (this.failure === "lost" && method !== "GET") throw new TypeError("connection reset");
    return answer;
  };

  private answer(method: string, url: URL, body: Record<string, unknown> = {}): Response {
    const id = url.pathname.split("/")[3];
    const row = this.rows.find((one) => one.id === id);
    if (method === "POST") return json(this.insert(body as Row), 201);
    if (method === "GET") return this.list(url.searchParams);
    if (!row) return json({ title: "Not found", detail: "You have no such task." }, 404);
    if (method === "PATCH") return json(Object.assign(row, body));
    this.rows = this.rows.filter((one) => one !== row);
    return new Response(null, { status: 204 });
  }

  private list(params: URLSearchParams): Response {
    const view = params.get("done") === "true" ? "done" : params.get("done") === "false" ? "open" : "all";
    const query = { ...parseQuery(params), view } as const;
    const found = this.rows.filter((row) => {
      const task = parseTask(row);
      return task !== undefined && matches(task, query, "2026-11-23");
    });
    const offset = Number(params.get("offset") ?? 0);
    return json({ items: found.slice(offset, offset + Number(params.get("limit") ?? 200)), total: found.length });
  }

  private insert(task: Partial<Row> & { title: string }): Row {
    const defaults = { notes: null, priority: "medium", tags: [], due_date: null, done: false };
    const row = { ...defaults, created_at: new Date().toISOString(), ...task, id: String(this.next++) };
    this.rows.unshift(row);
    return row;
  }
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
