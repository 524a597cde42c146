import type { Conversation, ConversationList } from "@/chat/conversation";
import { callBackend, type Answer } from "./backend";
import { problem } from "./problem";

const pageSize = 20;

export const noSuchConversation = problem(404, "Not found", "There is no such conversation.");

export function listPath(offset = 0): string {
  return `/api/conversations?limit=${pageSize}&offset=${offset}`;
}

/** The backend's path of a conversation, or undefined when `id` is not one that could name it: it must not name another path. */
export function conversationPath(id: string): string | undefined {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id) ? `/api/conversations/${id}` : undefined;
}

export async function listConversations(token: string | undefined): Promise<ConversationList | undefined> {
  const answer = await callBackend(listPath(), { method: "GET", token });
  return answer.ok ? (answer.body as ConversationList) : undefined;
}

export async function readConversation(
  token: string | undefined,
  id: string,
): Promise<{ conversation: Conversation } | Extract<Answer, { ok: false }>> {
  const path = conversationPath(id);
  if (!path) return { ok: false, problem: noSuchConversation };
  const answer = await callBackend(path, { method: "GET", token });
  return answer.ok ? { conversation: answer.body as Conversation } : answer;
}
