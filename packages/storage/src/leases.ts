import { Fault } from "@dlmskit/core";
import { integer } from "./fields.ts";
import type { Lease } from "./keeping.ts";

/** The default duration of a lease, ms; it is renewed four times in that time. */
export const defaultLeaseMs = 4000;

const leaseMs = integer(40, 0x7fffffff);

/** `leaseMs` of the options, checked, and how often it is renewed. */
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

  /** Once lost, a lease stays lost. */
  get lost(): boolean {
    if (!this.#gone && !this.#holds(this)) this.#gone = true;
    return this.#gone;
  }

  end(): void {
    this.#gone = true;
  }
}

/** The leases that one store has, by meter. */
export class OwnLeases {
  readonly #leases = new Map<string, OwnLease>();

  /** The lease of a meter that was taken: the one that is there, where its epoch is the same and it is not lost. */
  take(meterId: string, epoch: number, holds: (lease: Lease) => boolean): Lease {
    const there = this.#leases.get(meterId);
    if (there?.epoch === epoch && !there.lost) return there;
    there?.end();
    const lease = new OwnLease(meterId, epoch, holds);
    this.#leases.set(meterId, lease);
    return lease;
  }

  /** The lease is lost or let go. Without an epoch: whichever there is. */
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

/** Another process has the meter now. */
export function leaseLost({ meterId, epoch }: Pick<Lease, "meterId" | "epoch">): Fault {
  return new Fault("lease-lost", `meter "${meterId}" was taken by another process since epoch ${epoch}`, {
    layer: "storage",
    hint: "take the meter again before changing it",
  });
}

/** The counter of a peer is not higher than the one that was accepted last. */
export function counterReplayed(meterId: string, peer: { readonly peer: string; readonly counter: number }): Fault {
  return new Fault(
    "counter-replayed",
    `counter ${peer.counter} of peer ${peer.peer} is not higher than the last one that meter "${meterId}" accepted`,
    { layer: "storage" },
  );
}
