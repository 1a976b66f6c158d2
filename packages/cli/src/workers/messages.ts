import type { ListeningPort } from "@dlmskit/simulator";
import type { SharedTime, WorkerCall, WorkerTold } from "@dlmskit/simulator/control";

/** What the first process tells a worker. */
export type ToWorker =
  /** Sent once. `seed`: from which the meters of all workers are derived. `time`: that of all workers. */
  | {
      readonly tell: "start";
      readonly index: number;
      readonly of: number;
      readonly seed?: string;
      readonly time: SharedTime;
    }
  /** The addresses where the workers take over sessions; null: that worker is not there. */
  | { readonly tell: "relays"; readonly addresses: readonly (string | null)[] }
  /** A call of the one control. */
  | { readonly tell: "call"; readonly call: WorkerCall }
  /** The worker has what the control gave it, and listens from now on. */
  | { readonly tell: "listen" };

/** What a worker tells the first process. */
export type FromWorker =
  /** The worker hears from now on. */
  | { readonly tell: "ready" }
  | { readonly tell: "relay"; readonly address: string }
  /** It has its meters, and takes calls. */
  | { readonly tell: "controlled" }
  | { readonly tell: "told"; readonly told: WorkerTold }
  | { readonly tell: "listening"; readonly ports: readonly ListeningPort[] };
