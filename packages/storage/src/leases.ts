import { Fault } from "@dlmskit/core";
import { integer } from "./fields.ts";
import type { Lease } from "./keeping.ts";

/** The default duration of a lease, ms. A lease is renewed four times in this time. */
export const defaultLeaseMs = 4000;

const leaseMs = integer(40, 0x7fffffff);

/** Checks `leaseMs` of the options, and computes the interval of renewals. */
export function leaseTimes(given: number = defaultLeaseMs): { readonly leaseMs: number; readonly renewMs: number } {
  const checked = leaseMs.check(given);
  return { leaseMs: checked, renewMs: Math.floor(checked / 4) };
}

class OwnLease implements Lease {
  readonly meterId: string;
  readonly epoch: number;
  readonly #holds: (lease: Lease) => boolean;
  #gone = false;

  constructor(meterId: string, epoch: number, holds: (lease: Lease) => boolean) {
    this.meterId = meterId;
    this.epoch = epoch;
    this.#holds = holds;
  }

  /** A lost lease remains lost. */
  get lost(): boolean {
    if (!this.#gone && !this.#holds(this)) this.#gone = true;
    return this.#gone;
  }

  end(): void {
    this.#gone = true;
  }
}

/** The leases of one store, by meter. */
export class OwnLeases {
  readonly #leases = new Map<string, OwnLease>();

  /** The lease of a meter that was taken. If there is a lease with the same epoch that is not lost, it is returned. */
  take(meterId: string, epoch: number, holds: (lease: Lease) => boolean): Lease {
    const there = this.#leases.get(meterId);
    if (there?.epoch === epoch && !there.lost) return there;
    there?.end();
    const lease = new OwnLease(meterId, epoch, holds);
    this.#leases.set(meterId, lease);
    return lease;
  }

  /** Ends a lease that was lost or released. Without an epoch: any lease of the meter. */
  end(meterId: string, epoch?: number): void {
    const there = this.#leases.get(meterId);
    if (there === undefined || (epoch !== undefined && there.epoch !== epoch)) return;
    there.end();
    this.#leases.delete(meterId);
  }

  endAll(): void {
    for (const lease of this.#leases.values()) lease.end();
    this.#leases.clear();
  }
}

/** The Fault if another process has the meter now. */
export function leaseLost({ meterId, epoch }: Pick<Lease, "meterId" | "epoch">): Fault {
  return new Fault("lease-lost", `meter "${meterId}" was taken by another process since epoch ${epoch}`, {
    layer: "storage",
    hint: "take the meter again before changing it",
  });
}

/** The Fault if the counter of a peer is not higher than the last accepted one. */
export function counterReplayed(meterId: string, peer: { readonly peer: string; readonly counter: number }): Fault {
  return new Fault(
    "counter-replayed",
    `counter ${peer.counter} of peer ${peer.peer} is not higher than the last one that meter "${meterId}" accepted`,
    { layer: "storage" },
  );
}
