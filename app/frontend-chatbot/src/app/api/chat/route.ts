import { forwardStream } from "@/server/forward";

export function POST(request: Request): Promise<Response> {
  return forwardStream(request, "/api/chat", ({ message, conversation_id, retry }) => ({ message, conversation_id, retry }));
}
