export const dynamic = "force-dynamic";

/** Liveness: the server answers. It asks nothing of the backend, so a backend that is down does not restart this pod. */
export function GET(): Response {
  return Response.json({ status: "healthy" }, { headers: { "cache-control": "no-store" } });
}
