import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

// The folder of this application, also when a parent folder has a lockfile of its own:
// server.js then lands at the root of .next/standalone, where the image expects it.
const root = fileURLToPath(new URL(".", import.meta.url));

const config: NextConfig = {
  output: "standalone",
  outputFileTracingRoot: root,
  turbopack: { root },
  poweredByHeader: false,
  reactStrictMode: true,
  // No image is optimized here, so the image library (over 15 MB) stays out of the server.
  images: { unoptimized: true },
  outputFileTracingExcludes: { "**/*": ["node_modules/sharp/**", "node_modules/@img/**"] },
  // Next.js keeps a copy of every body for src/proxy.ts, of 10 MB unless told otherwise, and cuts off what is longer. Twice what
  // src/server/body.ts takes, because a whole read of the socket (64 KiB) can be cut off: what is left is still too large for it,
  // and is answered with 413 and never read as if it were whole.
  experimental: { proxyClientMaxBodySize: 128 * 1024 },
  // Constant headers for every answer, static files included. The policy that needs a nonce is in src/proxy.ts.
  headers: async () => [
    {
      source: "/:path*",
      headers: [
        { key: "X-Content-Type-Options", value: "nosniff" },
        { key: "X-Frame-Options", value: "DENY" },
        { key: "Referrer-Policy", value: "same-origin" },
        { key: "Permissions-Policy", value: "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
        { key: "Cross-Origin-Resource-Policy", value: "same-origin" },
      ],
    },
  ],
};

export default config;
