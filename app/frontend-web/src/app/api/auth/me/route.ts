import { forward } from "@/server/forward";
import { clearSessionCookie } from "@/server/session";

/** Removes the account with everything in it. */
export async function DELETE(request: Request): Promise<Response> {
  const answer = await forward(request, "/api/auth/me");
  if (answer.ok) await clearSessionCookie();
  return answer;
}
