import { callBackend, isObject, type Answer } from "./backend";
import { hasOpenAiKey } from "./env";

/** Whether the assistant can answer and, if not, why, in words for whoever runs the application. */
export type ChatStatus = { configured: boolean; reason?: string; hint?: string };

export async function chatStatus(): Promise<Answer> {
  const answer = await callBackend("/api/chat/status", { method: "GET" });
  return answer.ok ? { ...answer, body: parseStatus(answer.body, hasOpenAiKey()) } : answer;
}

/** The backend's answer, with a hint when the key was given to this service, which does not use it. */
export function parseStatus(body: unknown, keyIsHere: boolean): ChatStatus {
  const { configured, reason } = isObject(body) ? body : {};
  if (configured === true) return { configured: true };
  const status: ChatStatus = { configured: false, reason: typeof reason === "string" ? reason : "OPENAI_API_KEY is not set" };
  if (keyIsHere) status.hint = "VITE_OPENAI_API_KEY is set, but the backend is the one that calls OpenAI: it needs OPENAI_API_KEY.";
  return status;
}
