import type { Known, Operation } from "./operations";
import { request, RequestError } from "./request";
import { parsePage, parseTask, toBody, type Task } from "./task";

// The server's clock and the browser's may differ by this much.
const clockMs = 60_000;

/** Sends one change. `again` when an earlier try may have arrived: changes and removals can be repeated, an addition is looked for first. */
export async function deliver(operation: Operation, { again, known }: { again: boolean; known: Known[] }): Promise<Task | undefined> {
  switch (operation.kind) {
    case "add": {
      const { title } = operation.fields;
      const found = again ? await findAdded(title, operation.tried ?? 0, known) : undefined;
      return found ?? taskFrom(await request("/api/tasks", "POST", toBody(operation.fields)));
    }
    case "change":
      return taskFrom(await request(`/api/tasks/${operation.key}`, "PATCH", toBody(operation.changes)));
    case "remove":
      try {
        await request(`/api/tasks/${operation.key}`, "DELETE");
      } catch (error) {
        if (!(error instanceof RequestError && error.status === 404)) throw error; // 404: it is gone, as wished
      }
      return undefined;
  }
}

/** The task that an addition made whose answer was lost. */
async function findAdded(title: string, tried: number, known: Known[]): Promise<Task | undefined> {
  const search = new URLSearchParams({ q: title, sort: "created", limit: "20" });
  const page = parsePage(await request(`/api/tasks?${search}`));
  return page?.tasks.find(
    (task) => task.title === title && Date.parse(task.createdAt) > tried - clockMs && !known.some((one) => one.id === task.id),
  );
}

function taskFrom(answer: unknown): Task {
  const task = parseTask(answer);
  if (!task) throw new RequestError("The server's answer was not a task.", 500);
  return task;
}
