import { Fault } from "@dlmskit/core";
import type { Metrics } from "@dlmskit/server";
import { httpTextListen } from "@dlmskit/transport/node";

export interface ServedMetrics extends AsyncDisposable {
  readonly metrics: Metrics;
  readonly host: string;
  readonly port: number;
}

/** Serves counters of a run for Prometheus, at `/metrics`. Faults `prom-client-missing` and those of listeners. */
export async function serveMetrics(port: number): Promise<ServedMetrics> {
  const { prometheus } = await import("@dlmskit/server/prometheus").catch((cause: unknown) => {
    throw new Fault("prom-client-missing", "--metrics needs the package prom-client", {
      layer: "cli",
      hint: "npm install prom-client",
      cause,
    });
  });
  const metrics = prometheus();
  const { registry } = metrics;
  const listener = await httpTextListen({
    port,
    texts: { "/metrics": { type: registry.contentType, text: () => registry.metrics() } },
  });
  return { metrics, host: listener.host, port: listener.port, [Symbol.asyncDispose]: () => listener.close() };
}
