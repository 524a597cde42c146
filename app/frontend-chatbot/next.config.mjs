import { fileURLToPath } from "node:url";

/** @type {import("next").NextConfig} */
const config = {
  output: "standalone",
  poweredByHeader: false,
  reactStrictMode: true,
  // `make lint` lints, with a newer ESLint than this Next.js release knows.
  eslint: { ignoreDuringBuilds: true },
  images: { unoptimized: true },
  experimental: {
    instrumentationHook: true,
    // The folder of this application, also when a parent folder has a lockfile of its own:
    // server.js then lands at the root of .next/standalone, where the image expects it.
    outputFileTracingRoot: fileURLToPath(new URL(".", import.meta.url)),
    outputFileTracingExcludes: { "**/*": ["node_modules/sharp/**", "node_modules/@img/**"] },
  },
  // Constant headers for every answer, static files included. The policy that needs a nonce is in src/middleware.ts.
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
