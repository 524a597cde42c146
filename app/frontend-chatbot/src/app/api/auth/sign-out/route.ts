import { seeOther } from "@/server/authenticate";
import { refuseCrossSite } from "@/server/origin";
import { endSession } from "@/server/session";

export async function POST(request: Request): Promise<Response> {
  const refused = refuseCrossSite(request);
  if (refused) return refused;
  await endSession();
  const form = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  return form ? seeOther("/") : new Response(null, { status: 204 });
}
