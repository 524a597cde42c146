/** Headers that differ per request or per environment. `https` is whether visitors reach the site over https. */
export function policyHeaders(nonce: string, { https, development }: { https: boolean; development: boolean }): Record<string, string> {
  const policy = [
    "default-src 'self'",
    // strict-dynamic: a script is trusted because of its nonce, or because a trusted script loaded it; never because of its address.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    `style-src 'self' ${development ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  if (!https) return { "Content-Security-Policy": policy.join("; ") };
  // Only over https: on plain http they would send every request to a port that does not answer, or be ignored.
  return {
    "Content-Security-Policy": [...policy, "upgrade-insecure-requests"].join("; "),
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Opener-Policy": "same-origin",
  };
}
