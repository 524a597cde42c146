import { answerResponse } from "@/server/backend";
import { chatStatus } from "@/server/chat";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return answerResponse(await chatStatus());
}
