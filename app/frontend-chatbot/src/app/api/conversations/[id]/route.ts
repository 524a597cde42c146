import { conversationPath, noSuchConversation } from "@/server/conversations";
import { forward } from "@/server/forward";
import { problemResponse } from "@/server/problem";

type Context = { params: { id: string } };

async function forwardConversation(request: Request, { params }: Context): Promise<Response> {
  const path = conversationPath(params.id);
  return path ? forward(request, path) : problemResponse(noSuchConversation);
}

export { forwardConversation as DELETE, forwardConversation as GET };
