import { forward } from "@/server/forward";
import { problem, problemResponse } from "@/server/problem";

type Context = { params: Promise<{ id: string }> };

async function forwardTask(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  // Only what an id can be made of, so that it cannot name another path of the backend.
  if (!/^[\w-]{1,64}$/.test(id)) return problemResponse(problem(404, "Not found", "There is no such task."));
  return forward(request, `/api/tasks/${id}`);
}

export { forwardTask as DELETE, forwardTask as PATCH };
