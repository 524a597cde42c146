import { problem, type Problem } from "./problem";

export const maxBytes = 64 * 1024;

export type Fields = Record<string, unknown>;
export type Body = { fields: Fields; form: boolean } | { problem: Problem };

/** Reads a JSON object or a plain HTML form. The form is what a browser sends before the page's scripts have loaded. */
export async function readBody(request: Request): Promise<Body> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  const form = type === "application/x-www-form-urlencoded";
  if (!form && type !== "application/json") {
    return { problem: problem(415, "Unsupported media type", "Send application/json.") };
  }
  const text = await readText(request);
  if (text === undefined) return { problem: tooLarge() };
  if (form) return { fields: Object.fromEntries(new URLSearchParams(text)), form };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { fields: value as Fields, form };
  } catch {
    // Falls through to the same answer as JSON that is not an object.
  }
  return { problem: problem(400, "Malformed request", "The body is not a JSON object.") };
}

/** The body's text, or undefined when it is too large: nothing is read beyond the limit, whatever length was announced. */
async function readText(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return undefined;
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    bytes += part.value.byteLength;
    if (bytes > maxBytes) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString();
}

export function tooLarge(): Problem {
  return problem(413, "Request too large", `The body may have at most ${maxBytes / 1024} KiB.`);
}
