import { afterEach, expect, test, vi } from "vitest";
import { apiUrl, environmentProblems, isHttps } from "./env";

afterEach(() => vi.unstubAllEnvs());

test("the address of the backend is read when it is needed", () => {
  vi.stubEnv("API_URL", "");
  vi.stubEnv("NEXT_PUBLIC_API_URL", "http://public:8000/");
  expect(apiUrl()).toBe("http://public:8000");
  vi.stubEnv("API_URL", "http://backend:8000");
  expect(apiUrl()).toBe("http://backend:8000");
});

test("the session cookie is secure exactly where the site is https", () => {
  vi.stubEnv("BETTER_AUTH_URL", "http://localhost:3000");
  expect(isHttps()).toBe(false);
  vi.stubEnv("BETTER_AUTH_URL", "https://todo.example");
  expect(isHttps()).toBe(true);
});

test("every problem is named at once, without the secret", () => {
  vi.stubEnv("BETTER_AUTH_SECRET", "too-short");
  vi.stubEnv("API_URL", "backend:8000");
  vi.stubEnv("BETTER_AUTH_SECRET_ALSO", "short");
  const problems = environmentProblems();
  expect(problems).toHaveLength(3);
  expect(problems.join()).toMatch(/BETTER_AUTH_SECRET has 9 characters.*API_URL is "backend:8000"/);
  expect(problems.join()).toContain("BETTER_AUTH_SECRET_ALSO has 5 characters");
  expect(problems.join()).not.toContain("too-short");
});

test("a good environment has no problem", () => {
  vi.stubEnv("BETTER_AUTH_SECRET", "k".repeat(32));
  vi.stubEnv("API_URL", "http://backend:8000");
  expect(environmentProblems()).toEqual([]);
});
