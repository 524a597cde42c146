import { forward } from "@/server/forward";
import { isForm, seeOther } from "@/server/authenticate";
import { clearSessionCookie } from "@/server/session";

/** Ends every session of the account, on every device. When that fails this one stays, so that it can be tried again. */
export async function POST(request: Request): Promise<Response> {
  const answer = await forward(request, "/api/auth/logout-everywhere", { body: false });
  if (answer.ok) await clearSessionCookie();
  if (!isForm(request)) return answer;
  return seeOther(answer.ok || answer.status === 401 ? "/sign-in" : "/");
}
