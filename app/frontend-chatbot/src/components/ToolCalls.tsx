import { changedTasks, describeToolCall, type ToolCall } from "@/chat/conversation";
import { Icon } from "./Icon";

const icons = { running: "work", done: "check", failed: "close" } as const;
const colours = { running: "text-muted", done: "text-accent", failed: "text-danger" };
const words = { running: "In progress: ", done: "", failed: "Failed: " };

/** What the assistant did, a line each, while it does it and later. */
export function ToolCalls({ calls, webUrl }: { calls: ToolCall[]; webUrl?: string }) {
  if (calls.length === 0) return null;
  return (
    <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
      <ul aria-label="Steps" className="grid gap-1">
        {calls.map((call) => (
          <li key={call.id} data-state={call.state} className="flex items-start gap-2">
            <span className={`mt-0.5 ${colours[call.state]}`}>
              <Icon name={icons[call.state]} className={`size-4 stroke-2 ${call.state === "running" ? "animate-spin" : ""}`} />
            </span>
            <span className={`min-w-0 wrap-anywhere ${call.state === "failed" ? "text-danger" : "text-muted"}`}>
              <span className="sr-only">{words[call.state]}</span>
              {describeToolCall(call)}
            </span>
          </li>
        ))}
      </ul>
      {webUrl && calls.some(changedTasks) ? (
        <a href={webUrl} className="font-medium text-accent underline underline-offset-4 hover:no-underline">
          See your tasks
        </a>
      ) : null}
    </div>
  );
}
