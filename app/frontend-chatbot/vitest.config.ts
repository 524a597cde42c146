import { defineConfig } from "vitest/config";

const shared = {
  resolve: { alias: { "@": `${import.meta.dirname}/src` } },
  esbuild: { jsx: "automatic" as const },
};

export default defineConfig({
  test: {
    projects: [
      { ...shared, test: { name: "server", include: ["src/**/*.test.ts"], environment: "node" } },
      { ...shared, test: { name: "page", include: ["src/**/*.test.tsx"], environment: "jsdom", setupFiles: "tests/page.ts" } },
      // `npm run test:browser`: needs `npm run build` before, and Chromium.
      { ...shared, test: { name: "browser", include: ["tests/**/*.browser.ts"], environment: "node", testTimeout: 90_000 } },
    ],
  },
});
