import type { Metrics, ServedRequest, ServerEvent } from "@dlmskit/server";
import type { SimulatorOptions } from "../simulate/options.ts";
import { ApduRings, type ShownApdu } from "./apdu-rings.ts";

/** What the meters of a simulator have done since the start. */
export interface Counts {
  /** Attributes read by clients. */
  readonly reads: number;
  /** Attributes written and methods invoked by clients. */
  readonly changes: number;
  readonly pushesSent: number;
  readonly pushesFailed: number;
  readonly associations: number;
  readonly refused: number;
}

const readServices: readonly string[] = ["get", "read", "access"];

/** Both metrics in one. */
function bothOf(one: Metrics, other: Metrics | undefined): Metrics {
  if (other === undefined) return one;
  return {
    event: (event) => {
      one.event(event);
      other.event(event);
    },
    request: (request) => {
      one.request(request);
      other.request(request);
    },
    received: (apdu) => other.received(apdu),
    sent: (apdu) => other.sent(apdu),
  };
}

/**
 * Watches what the meters of one simulator do, for its control. Give its `options` to `createSimulator`, then both to `Control`. Memory: a
 * few counters, and the last APDUs of at most 16 meters.
 */
export class Watch implements Metrics {
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  readonly #counts = { reads: 0, changes: 0, pushesSent: 0, pushesFailed: 0, associations: 0, refused: 0 };
  #rings = new ApduRings(Date.now);

  /** The options of a simulator that this object watches. Faults can be switched on later. */
  options(given: SimulatorOptions = {}): SimulatorOptions {
    const { clock } = given;
    if (clock !== undefined) this.#rings = new ApduRings(() => clock.instant());
    const { tap } = this.#rings;
    return {
      ...given,
      faults: given.faults ?? { faults: [] },
      taps: [...(given.taps ?? []), tap],
      metrics: bothOf(this, given.metrics),
    };
  }

  get counts(): Counts {
    return { ...this.#counts };
  }

  event(event: ServerEvent): void {
    const counts = this.#counts;
    if (event.type === "associated") counts.associations++;
    else if (event.type === "refused") counts.refused++;
    else if (event.type === "push-sent") counts.pushesSent++;
    else if (event.type === "push-failed") counts.pushesFailed++;
    for (const listener of this.#listeners) listener(event);
  }

  request({ service, results }: ServedRequest): void {
    if (readServices.includes(service)) this.#counts.reads += results.length;
    else this.#counts.changes += results.length;
  }

  received(): void {
    // Octets are not counted.
  }

  sent(): void {
    // Octets are not counted.
  }

  /** Number of listeners. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Calls `listener` with each event of the simulator, until the returned function is called. */
  listen(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The last APDUs of a meter, oldest first. From the first call on they are kept. */
  apdus(meterId: string): readonly ShownApdu[] {
    return this.#rings.of(meterId);
  }
}
