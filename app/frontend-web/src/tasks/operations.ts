import type { Fields, Task } from "./task";

/** A change that the server has not confirmed. `key` names a task on the screen, before it has an id as well. */
export type Operation = { key: string } &
  // `tried` since when it may have reached the server without an answer coming back.
  (
    | { kind: "add"; fields: Fields; list: string; tried?: number }
    | { kind: "change"; changes: Partial<Fields>; title: string }
    // Not sent before `due` (milliseconds), so that it can be undone as if it had never been. `sent` by a page that was left.
    | { kind: "remove"; task: Task; due: number; sent?: boolean }
  );

/** A task that the server has confirmed. Its key stays what it was before it had an id, so that its row stays the same. */
export type Known = Task & { key: string };
export type Item = Known & { pending: boolean };

export function toKnown(task: Task): Known {
  return { ...task, key: task.id };
}

/** What the screen shows: what the server said, with the changes that are still on their way. Taking one back is leaving it out. */
export function overlay(known: Known[], operations: Operation[], list: string): Item[] {
  let items: Item[] = known.map((task) => ({ ...task, pending: false }));
  for (const operation of operations) {
    switch (operation.kind) {
      case "add":
        if (operation.list === list) {
          items = [{ ...operation.fields, id: operation.key, createdAt: "", key: operation.key, pending: true }, ...items];
        }
        break;
      case "change":
        items = items.map((item) => (isFor(operation, item) ? { ...item, ...operation.changes, pending: true } : item));
        break;
      case "remove":
        items = items.filter((item) => !isFor(operation, item));
    }
  }
  return items;
}

/** A stored operation knows a task by the key it had then, which after a reload is its id. */
export function isFor(operation: Operation, task: { key: string; id: string }): boolean {
  return operation.key === task.key || operation.key === task.id;
}

/** By how much the operations change the number of tasks. */
export function countOf(operations: Operation[], known: Known[], list: string): number {
  const added = operations.filter((one) => one.kind === "add" && one.list === list).length;
  const removed = operations.filter((one) => one.kind === "remove" && known.some((task) => isFor(one, task))).length;
  return added - removed;
}

/** Adds a change to the queue; a change that still waits for the same task takes it in. */
export function enqueue(operations: Operation[], next: Operation, inFlight?: Operation): Operation[] {
  const last = operations.findLast((one) => one.key === next.key);
  if (next.kind === "change" && last && last !== inFlight) {
    if (last.kind === "change") return swap(operations, last, { ...last, changes: { ...last.changes, ...next.changes } });
    if (last.kind === "add" && !last.tried) return swap(operations, last, { ...last, fields: { ...last.fields, ...next.changes } });
  }
  return [...operations, next];
}

function swap(operations: Operation[], old: Operation, by: Operation): Operation[] {
  return operations.map((one) => (one === old ? by : one));
}

/** Reads stored operations; nothing when they are not what `JSON.stringify` wrote. */
export function parseOperations(text: string | null): Operation[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter(isOperation) : [];
  } catch {
    return [];
  }
}

function isOperation(value: unknown): value is Operation {
  if (typeof value !== "object" || value === null) return false;
  const { key, kind, fields, changes, task } = value as Record<string, unknown>;
  const content = { add: fields, change: changes, remove: task }[String(kind)];
  return typeof key === "string" && typeof content === "object" && content !== null;
}

export function titleOf(operation: Operation): string {
  if (operation.kind === "add") return operation.fields.title;
  return operation.kind === "change" ? operation.title : operation.task.title;
}

export function whatFailed(operation: Operation): string {
  return `“${titleOf(operation)}” was not ${{ add: "added", change: "changed", remove: "deleted" }[operation.kind]}.`;
}

/** Leaves out what was refused. Later changes of a task that was not added have nothing to go to: they are in what to try again. */
export function takeBack(operations: Operation[], refused: Operation): { left: Operation[]; again: Operation } {
  const orphans = refused.kind === "add" ? operations.filter((one) => one !== refused && one.key === refused.key) : [];
  const again = orphans.reduce<Operation>(
    (one, later) => (one.kind === "add" && later.kind === "change" ? { ...one, fields: { ...one.fields, ...later.changes } } : one),
    refused,
  );
  return { left: operations.filter((one) => one !== refused && !orphans.includes(one)), again };
}

export function isSent(operation: Operation): boolean {
  return operation.kind === "remove" && operation.sent === true;
}

export function isDue(operation: Operation): boolean {
  return operation.kind !== "remove" || (!operation.sent && operation.due <= Date.now());
}

export function newKey(): string {
  return `new-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`; // randomUUID is missing on plain http
}
