import { isForm, seeOther } from "@/server/authenticate";
import { refuseCrossSite } from "@/server/origin";
import { endSession } from "@/server/session";

export async function POST(request: Request): Promise<Response> {
  const refused = refuseCrossSite(request);
  if (refused) return refused;
  await endSession();
  return isForm(request) ? seeOther("/sign-in") : new Response(null, { status: 204 });
}
