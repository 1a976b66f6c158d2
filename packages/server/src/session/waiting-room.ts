import type { LinkAddress } from "@dlmskit/core";
import type { Meter } from "../meter/meter.ts";
import { mustLoad } from "./route.ts";
import type { Arrived } from "./turns.ts";

/** A PDU of a client with the address that it asks. */
export interface Caller extends Arrived {
  readonly address: LinkAddress;
}

/**
 * Loads a meter where it must be loaded before anybody knows who is asked: then `then` is called, or `failed`, and this gives true. False:
 * nothing is to be waited for.
 */
export function loadFirst(meter: Meter, then: () => void, failed: (error: unknown) => void): boolean {
  if (!mustLoad(meter)) return false;
  const leave = meter.use();
  const entering = meter.enter(undefined);
  if (entering === undefined) {
    leave();
    return false;
  }
  entering.then(then).catch(failed).then(leave, leave);
  return true;
}

/** PDUs whose meter is loaded first, as nobody knows before which logical device they are for: in their order, by address. */
export class WaitingRoom {
  readonly #callers = new Map<string, Caller[]>();

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const callers of this.#callers.values()) size += callers.length;
    return size;
  }

  /** Lets one wait; false: nobody waits under that key. */
  join(key: string, caller: Caller): boolean {
    const callers = this.#callers.get(key);
    callers?.push(caller);
    return callers !== undefined;
  }

  open(key: string, caller: Caller): void {
    this.#callers.set(key, [caller]);
  }

  /** Those that waited under a key; they wait no more. */
  leave(key: string): readonly Caller[] {
    const callers = this.#callers.get(key) ?? [];
    this.#callers.delete(key);
    return callers;
  }

  clear(): void {
    this.#callers.clear();
  }
}
