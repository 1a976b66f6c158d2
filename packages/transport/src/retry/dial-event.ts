import type { Fault } from "@dlmskit/core";

/** What a `Dialler` does. Times are in ms. */
export type DialEvent =
  | { readonly type: "attempting"; readonly destination: string; readonly attempt: number }
  | {
      readonly type: "attempt-failed";
      readonly destination: string;
      readonly attempt: number;
      readonly fault: Fault;
      /** The time until the next attempt; absent: it was the last one. */
      readonly retryIn?: number;
    }
  | { readonly type: "connected"; readonly destination: string; readonly attempt: number }
  | {
      readonly type: "circuit-opened";
      readonly destination: string;
      /** The time until an attempt is allowed. */
      readonly tryIn: number;
      /** Why the last attempt failed. */
      readonly fault: Fault;
    }
  | { readonly type: "circuit-half-open"; readonly destination: string }
  | { readonly type: "circuit-closed"; readonly destination: string };
