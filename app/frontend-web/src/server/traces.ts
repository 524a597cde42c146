import { apiUrl } from "./env";

/**
 * Sends a trace of each request to the collector that OpenTelemetry's own variables name, and its id along to the backend.
 * Without a collector nothing is loaded.
 */
export async function sendTraces(): Promise<void> {
  if (!process.env.OTEL_EXPORTER_OTLP_ENDPOINT) return;
  const { registerOTel } = await import("@vercel/otel");
  registerOTel({
    serviceName: process.env.OTEL_SERVICE_NAME,
    instrumentationConfig: { fetch: { propagateContextUrls: [apiUrl()] } },
  });
}
