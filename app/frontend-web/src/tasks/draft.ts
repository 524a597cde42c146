import { fieldsOf, limits, parseTags, type Fields, type Task } from "./task";

/** What stands in the editor: the task as it was, and the fields as they are typed. */
export type Draft = { task: Task; fields: Fields; tagsText: string };

export function startDraft(task: Task): Draft {
  return { task, fields: fieldsOf(task), tagsText: task.tags.join(", ") };
}

/** The fields as they would be saved. */
export function finished({ fields, tagsText }: Draft): Fields {
  const notes = fields.notes?.trim().slice(0, limits.notes) || null;
  return { ...fields, title: fields.title.trim(), notes, tags: parseTags(tagsText), dueDate: fields.dueDate || null };
}

/** Reads a stored draft; undefined when there is none. */
export function parseDraft(text: string): Draft | undefined {
  try {
    const draft = JSON.parse(text) as Draft;
    return typeof draft.task.id === "string" && typeof draft.fields.title === "string" ? draft : undefined;
  } catch {
    return undefined;
  }
}
