import { problem, problemResponse } from "./problem";

/** True when another site's page made the browser send this request. */
export function isCrossSite(headers: Headers): boolean {
  const origin = headers.get("origin");
  // Browsers send Origin with every POST, PATCH and DELETE; without one it is a program, or a very old browser.
  if (origin === null) return headers.get("sec-fetch-site") === "cross-site";
  try {
    return new URL(origin).host !== headers.get("host")?.toLowerCase();
  } catch {
    return true; // "null": a sandboxed frame, or a redirect across sites
  }
}

/** The 403 answer to a request that another site caused, else undefined. */
export function refuseCrossSite(request: Request): Response | undefined {
  if (!isCrossSite(request.headers)) return undefined;
  return problemResponse(problem(403, "Cross-site request refused", "The Origin header does not match this site."));
}
