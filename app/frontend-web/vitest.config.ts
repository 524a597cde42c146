import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": `${import.meta.dirname}/src` } },
  test: {
    projects: [
      { extends: true, test: { name: "node", include: ["src/**/*.test.ts"], environment: "node" } },
      { extends: true, test: { name: "browser", include: ["src/**/*.test.tsx"], environment: "jsdom", setupFiles: ["test/setup.ts"] } },
    ],
  },
});
