// Every variable is read when it is needed, by a computed name: the bundler replaces `process.env.NAME` of
// public names with the build's value, and one image has to serve every environment.
function read(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}

/** Address of the backend as this server sees it, without a trailing slash. */
export function apiUrl(): string {
  const builtIn = process.env.NEXT_PUBLIC_API_URL || undefined; // the build argument, if there was one
  const url = read("API_URL") ?? read("NEXT_PUBLIC_API_URL") ?? builtIn ?? "http://localhost:8000";
  return url.replace(/\/+$/, "");
}

/** Public address of the chatbot, or undefined when there is none to link to. */
export function chatbotUrl(): string | undefined {
  return read("CHATBOT_URL");
}

/** Keys that session tokens may be signed with: the backend's own, and around a rotation the next or the one before. */
export function authSecrets(): Uint8Array[] {
  const keys = [read("BETTER_AUTH_SECRET"), read("BETTER_AUTH_SECRET_ALSO")];
  return keys.filter((key) => key !== undefined).map((key) => new TextEncoder().encode(key));
}

/** True when visitors reach this server over https. */
export function isHttps(): boolean {
  return read("BETTER_AUTH_URL")?.startsWith("https://") ?? false;
}

/** Parent domain to share the session with (`example.com`), or undefined for this host only. */
export function cookieDomain(): string | undefined {
  return read("COOKIE_DOMAIN");
}

/** What is wrong with the environment, one line per variable; never a secret's value. */
export function environmentProblems(): string[] {
  const problems: string[] = [];
  if (!read("BETTER_AUTH_SECRET")) problems.push("BETTER_AUTH_SECRET is not set: it must be the backend's value");
  for (const name of ["BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_ALSO"]) {
    const key = read(name);
    if (key && key.length < 32) problems.push(`${name} has ${key.length} characters: at least 32 are needed`);
  }

  const urls = { API_URL: apiUrl(), BETTER_AUTH_URL: read("BETTER_AUTH_URL"), CHATBOT_URL: chatbotUrl() };
  for (const [name, url] of Object.entries(urls)) {
    if (url && !/^https?:\/\/[^/]/.test(url)) problems.push(`${name} is "${url}": it must start with http:// or https://`);
  }
  return problems;
}
