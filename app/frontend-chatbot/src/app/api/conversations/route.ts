import { listPath } from "@/server/conversations";
import { forward } from "@/server/forward";

export function GET(request: Request): Promise<Response> {
  const offset = Number(new URL(request.url).searchParams.get("offset"));
  return forward(request, listPath(Number.isSafeInteger(offset) && offset > 0 ? offset : 0));
}
