import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ServerEvent } from "./events.ts";
import type { Metrics } from "./metrics.ts";

export interface PrometheusOptions {
  /** The registry of the metrics; a new registry by default. */
  readonly registry?: Registry;
  /** Prefix of the name of each metric; `dlmskit_` by default. */
  readonly prefix?: string;
}

/** Counters, gauges and histograms of prom-client, for the option `metrics` of a server or simulator. */
export interface PrometheusMetrics extends Metrics {
  readonly registry: Registry;
}

// Seconds. The shortest is for a value in memory, the longest for a hook that waits for a database.
const buckets = [0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];
const exceptionResponse = 0xd8;
/** The service-error values of the exception-response. Green Book 9.5. */
const serviceErrors: { readonly [error: number]: string } = {
  1: "operation-not-possible",
  2: "service-not-supported",
  3: "other-reason",
  4: "pdu-too-long",
  5: "deciphering-error",
  6: "invocation-counter-error",
};

/**
 * Counts what a server does, with prom-client. Pass it as `metrics` and return `await registry.metrics()` to the scraper
 * (docs/guides/monitoring.md lists the metrics). Create one per server: two on one registry would have the same metric names.
 */
export function prometheus({
  registry = new Registry(),
  prefix = "dlmskit_",
}: PrometheusOptions = {}): PrometheusMetrics {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter<L>({ name: `${prefix}${name}`, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `${prefix}${name}`, help, registers });

  const connections = gauge("connections_open", "Transport connections that are open");
  const opened = counter("connections_total", "Transport connections that were opened");
  const associations = gauge("associations_open", "Associations that are open");
  const associated = counter("associations_total", "Associations that were opened", ["mechanism", "context"]);
  const requests = counter("requests_total", "Requests that were served", ["service"]);
  const items = counter("request_items_total", "Items of requests, by their results", ["service", "result"]);
  const seconds = new Histogram({
    ...{ name: `${prefix}request_duration_seconds`, help: "From a request to its results", registers, buckets },
    labelNames: ["service"],
  });
  const refused = counter("refused_total", "What clients sent and was refused, by the code of its Fault", ["code"]);
  const locked = counter("lockouts_total", "Sources that were locked out after failed authentications");
  const exceptions = counter("exceptions_total", "Exception-responses that were sent", ["error"]);
  const octets = counter("apdu_octets_total", "Octets of APDUs", ["direction"]);
  const apdus = counter("apdus_total", "APDUs", ["direction"]);
  const pushes = counter("pushes_total", "Attempts to push", ["outcome"]);
  const store = counter("store_failures_total", "Failures of the store");
  const hooks = counter("hook_failures_total", "Hooks, interceptors and scheduled actions that threw");
  const ignored = counter("ignored_total", "Frames and PDUs that were dropped without an answer");
  const listeners = counter("listener_failures_total", "Failures of listeners and connections turned away", ["code"]);
  const rows = counter("configuration_rows_total", "Tables of configuration that were changed", ["table", "outcome"]);

  function event(happened: ServerEvent): void {
    switch (happened.type) {
      case "opened":
        opened.inc();
        connections.inc();
        break;
      case "closed":
        connections.dec();
        break;
      case "associated":
        associated.inc({ mechanism: happened.association.mechanism, context: happened.association.context });
        associations.inc();
        break;
      case "released":
        associations.dec();
        break;
      case "refused":
        refused.inc({ code: happened.fault.code });
        break;
      case "ignored":
        ignored.inc();
        break;
      case "locked":
        locked.inc();
        break;
      case "push-sent":
        pushes.inc({ outcome: happened.confirmed ? "confirmed" : "sent" });
        break;
      case "push-failed":
        pushes.inc({ outcome: happened.again ? "retried" : "failed" });
        break;
      case "store-failed":
        store.inc();
        break;
      case "hook-failed":
        hooks.inc();
        break;
      case "listener-failed":
        listeners.inc({ code: happened.fault.code });
        break;
      case "rows-changed":
      case "rows-refused":
        rows.inc({ table: happened.table, outcome: happened.type === "rows-changed" ? "followed" : "refused" });
        break;
      case "forwarded":
      case "unreachable":
      case "power-lost":
      case "power-restored":
      case "store-recovered":
        break;
    }
  }

  function count(direction: "received" | "sent", apdu: Uint8Array): void {
    apdus.inc({ direction });
    octets.inc({ direction }, apdu.length);
  }

  return {
    registry,
    event,
    request({ service, results, ms }) {
      requests.inc({ service });
      for (const result of results) items.inc({ service, result });
      seconds.observe({ service }, ms / 1000);
    },
    received: (apdu) => count("received", apdu),
    sent(apdu) {
      count("sent", apdu);
      if (apdu[0] === exceptionResponse) exceptions.inc({ error: serviceErrors[apdu[2] ?? 0] ?? "other" });
    },
  };
}
