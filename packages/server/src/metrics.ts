import type { ResultsOf } from "@dlmskit/association";
import type { ServerEvent } from "./events.ts";

/** A request that was served. */
export interface ServedRequest {
  /** `"get"`, `"set"`, `"action"`, `"access"`, `"read"`, `"write"`. */
  readonly service: string;
  /** The result of each item: `"success"`, or the name of a Data-Access-Result. */
  readonly results: readonly string[];
  /** ms from the request to its results. This includes the time of hooks and of the store. */
  readonly ms: number;
}

/**
 * Counts what a server does: `prometheus()` of `@dlmskit/server/prometheus`, or your own implementation. Its methods are called
 * for each APDU and must return at once. Errors that they throw are ignored.
 */
export interface Metrics {
  event(event: ServerEvent): void;
  request(request: ServedRequest): void;
  /** Called with each received APDU, as it was received. */
  received(apdu: Uint8Array): void;
  /** Called with each sent APDU, as it was sent. */
  sent(apdu: Uint8Array): void;
}

/** The same metrics, but their errors do not reach the server. */
export function guarded(metrics: Metrics): Metrics {
  const ignoring =
    <V>(count: (value: V) => void) =>
    (value: V): void => {
      try {
        count(value);
      } catch {
        // Errors thrown by a listener are ignored.
      }
    };
  return {
    event: ignoring((event) => metrics.event(event)),
    request: ignoring((request) => metrics.request(request)),
    received: ignoring((apdu) => metrics.received(apdu)),
    sent: ignoring((apdu) => metrics.sent(apdu)),
  };
}

/** The name of the result of each item of a request. */
export const resultNames = (results: ResultsOf): readonly string[] =>
  (results as readonly unknown[]).map((result) => {
    if (typeof result === "string") return result;
    const { result: code, error } = (result ?? {}) as { readonly result?: unknown; readonly error?: unknown };
    const name = code ?? error;
    return typeof name === "string" ? name : "success";
  });
