/** Where to go after signing in: a path of this site, or "/" for anything else, such as another site's address. */
export function returnPath(value: unknown): string {
  if (typeof value !== "string" || !value.startsWith("/")) return "/";
  try {
    // Browsers read "//host" and "/\host" as another host, and drop tabs and line breaks first: let the URL parser decide.
    const base = "http://this-site.invalid";
    const url = new URL(value, base);
    const path = url.pathname + url.search;
    // The parser also takes "." and ".." away, and what they stood between may then begin with "//": it is read once more.
    const again = new URL(path, base);
    return url.origin === base && again.origin === base && !url.pathname.startsWith("/api/") ? path : "/";
  } catch {
    return "/";
  }
}

/** The address of a sign-in or sign-up page that leads on to `next`. */
export function withReturn(page: string, next: string): string {
  return next === "/" ? page : `${page}?next=${encodeURIComponent(next)}`;
}
