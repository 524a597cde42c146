import { NextResponse, type NextRequest } from "next/server";
import { isHttps } from "./server/env";
import { policyHeaders } from "./server/policy";

/** Gives every page a fresh nonce. Next.js finds it in the request's policy header and puts it on the scripts it writes. */
export function middleware(request: NextRequest): NextResponse {
  const nonce = btoa(crypto.randomUUID());
  const headers = policyHeaders(nonce, { https: isHttps(), development: process.env.NODE_ENV === "development" });

  const requestHeaders = new Headers(request.headers);
  requestHeaders.set("Content-Security-Policy", headers["Content-Security-Policy"] ?? "");
  const response = NextResponse.next({ request: { headers: requestHeaders } });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

// Not for static files, which run no script of their own, nor for the probe, which must stay cheap.
export const config = { matcher: ["/((?!_next/static|api/healthz|icon.svg).*)"] };
