/** Writes one JSON line. Never pass a token, a cookie or a request body. */
export function log(level: "info" | "warning" | "error", message: string, fields: Record<string, unknown> = {}): void {
  const line = JSON.stringify({ timestamp: new Date().toISOString(), level, message, module: "frontend-chatbot", ...fields });
  if (level === "error") console.error(line);
  else console.log(line);
}
