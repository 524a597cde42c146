// Every variable is read when it is needed, by a computed name, so that nothing of the build's environment is frozen
// into the image. None of these reaches the browser: this file is imported by server code only.
function read(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}

/** Address of the backend as this server sees it, without a trailing slash. */
export function apiUrl(): string {
  const url = read("API_URL") ?? read("VITE_API_URL") ?? "http://localhost:8000";
  return url.replace(/\/+$/, "");
}

/** Public address of the web application, or undefined when there is none to link to. */
export function webUrl(): string | undefined {
  return read("FRONTEND_URL");
}

/**
 * Whether this service was given an OpenAI key, under the name that existing deployments use. Never the key itself: the
 * backend is the one that calls OpenAI, with OPENAI_API_KEY, and all this is good for is to tell who set the wrong one.
 */
export function hasOpenAiKey(): boolean {
  return read("VITE_OPENAI_API_KEY") !== undefined;
}

/** True when visitors reach the application over https. The web application and this one always agree on that. */
export function isHttps(): boolean {
  return webUrl()?.startsWith("https://") ?? false;
}

/** Parent domain that the session is shared on (`example.com`), or undefined for this host only. */
export function cookieDomain(): string | undefined {
  return read("COOKIE_DOMAIN");
}
