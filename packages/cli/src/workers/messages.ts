import type { ListeningPort } from "@dlmskit/simulator";

/** What the first process tells a worker. */
export type ToWorker =
  /** Sent once. `seed`: from which the meters of all workers are derived. */
  | { readonly tell: "start"; readonly index: number; readonly of: number; readonly seed?: string }
  /** The addresses where the workers take over sessions; null: that worker is not there. */
  | { readonly tell: "relays"; readonly addresses: readonly (string | null)[] };

/** What a worker tells the first process. */
export type FromWorker =
  /** The worker hears from now on. */
  | { readonly tell: "ready" }
  | { readonly tell: "relay"; readonly address: string }
  | { readonly tell: "listening"; readonly ports: readonly ListeningPort[] };
