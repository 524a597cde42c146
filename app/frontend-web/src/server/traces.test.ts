import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { sendTraces } from "./traces";

afterEach(() => vi.unstubAllEnvs());

/** Answers everything, and returns what it was sent as traceparent. */
async function listener(seen: (string | undefined)[]): Promise<string> {
  const server = createServer((request, response) => {
    if (!request.url?.startsWith("/v1/")) seen.push(request.headers.traceparent as string | undefined);
    response.end();
  }).listen(0, "127.0.0.1");
  server.unref();
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("the backend is told the trace, nobody else is, and without a collector there is none", async () => {
  const told: (string | undefined)[] = [];
  const others: (string | undefined)[] = [];
  const backend = await listener(told);
  const other = await listener(others);
  vi.stubEnv("API_URL", backend);
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "");
  await sendTraces();
  await fetch(`${backend}/health`);
  expect(told).toEqual([undefined]);

  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", other);
  vi.stubEnv("OTEL_SERVICE_NAME", "front");
  await sendTraces();
  await fetch(`${backend}/health`);
  await fetch(`${other}/health`);
  expect(told[1]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(others).toEqual([undefined]);
});
