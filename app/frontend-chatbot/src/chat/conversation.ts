/** What the backend's JSON says about conversations, as in its API description. */
export type Summary = { id: string; title: string };
export type ConversationList = { items: Summary[]; total: number };
export type Conversation = Summary & { messages: StoredMessage[] };
export type StoredMessage = { id: string; role: Role; text: string; stopped: boolean; tool_calls: StoredToolCall[] };
type StoredToolCall = { id: string; name: string; arguments: unknown; ok: boolean | null; summary: string | null };

/** What is on the screen. */
export type Role = "user" | "assistant";
export type Message = { role: Role; text: string; toolCalls: ToolCall[]; state: "streaming" | "complete" | "stopped" | "unsent" };
export type ToolCall = { id: string; name: string; arguments: unknown; state: "running" | "done" | "failed"; summary?: string };

export function fromStored({ role, text, stopped, tool_calls }: StoredMessage): Message {
  return {
    role,
    text,
    state: stopped ? "stopped" : "complete",
    toolCalls: (tool_calls ?? []).map(({ id, name, arguments: args, ok, summary }) => ({
      id,
      name,
      arguments: args,
      state: ok ? "done" : "failed",
      summary: summary ?? undefined,
    })),
  };
}

const running: Record<string, string> = {
  add_task: "Adding",
  list_tasks: "Looking at your tasks",
  complete_task: "Completing a task",
  update_task: "Changing a task",
  delete_task: "Deleting a task",
};

/** One line about a tool call. The backend's summary, when there is one, knows more than the arguments. */
export function describeToolCall({ name, arguments: args, state, summary }: ToolCall): string {
  if (summary && state !== "running") return summary;
  const title = typeof args === "object" && args !== null && "title" in args ? args.title : undefined;
  const words = running[name] ?? `Using ${name.replaceAll("_", " ")}`;
  const text = name === "add_task" ? `${words} ${typeof title === "string" ? `“${title}”` : "a task"}` : words;
  if (state === "running") return `${text}…`;
  return state === "failed" ? `${text} did not work` : text;
}

/** Whether the list in the web application is another one after this call. */
export function changedTasks({ name, state }: ToolCall): boolean {
  return state === "done" && name !== "list_tasks";
}
