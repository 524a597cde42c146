import { expect, test } from "vitest";
import { isCrossSite } from "./origin";

test.each<[string, Record<string, string>, boolean]>([
  ["the same host", { origin: "http://localhost:3000", host: "localhost:3000" }, false],
  ["the same host behind TLS", { origin: "https://todo.example", host: "todo.example" }, false],
  ["a host in capitals", { origin: "https://todo.example", host: "Todo.Example" }, false],
  ["no origin: a program", { host: "localhost:3000" }, false],
  ["another site", { origin: "https://evil.example", host: "todo.example" }, true],
  ["another port", { origin: "http://localhost:3001", host: "localhost:3000" }, true],
  ["a sister domain", { origin: "https://chat.todo.example", host: "todo.example" }, true],
  ["an opaque origin", { origin: "null", host: "todo.example" }, true],
  ["no host", { origin: "https://todo.example" }, true],
  ["no origin, but the browser says cross-site", { "sec-fetch-site": "cross-site", host: "todo.example" }, true],
])("%s", (_, headers, crossSite) => {
  expect(isCrossSite(new Headers(headers))).toBe(crossSite);
});
