import { seeOther } from "@/server/authenticate";
import { refuseCrossSite } from "@/server/origin";
import { clearSessionCookie } from "@/server/session";

export function POST(request: Request): Response {
  const refused = refuseCrossSite(request);
  if (refused) return refused;
  clearSessionCookie();
  const form = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  return form ? seeOther("/") : new Response(null, { status: 204 });
}
