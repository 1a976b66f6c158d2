import type { LinkAddress } from "@dlmskit/core";
import type { Meter } from "../meter/meter.ts";
import { mustLoad } from "./route.ts";
import type { Arrived } from "./turns.ts";

/** A PDU of a client with its destination address. */
export interface Caller extends Arrived {
  readonly address: LinkAddress;
}

/**
 * Loads a meter if this is necessary to find the addressed logical device. It then calls `then` or `failed`, and this returns true.
 * False: there is no need to wait.
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

/** PDUs that wait until their meter is loaded, because their logical device is not known before. They are kept in order, by address. */
export class WaitingRoom {
  readonly #callers = new Map<string, Caller[]>();

  /** Number of waiting PDUs. */
  get size(): number {
    let size = 0;
    for (const callers of this.#callers.values()) size += callers.length;
    return size;
  }

  /** Adds a PDU to those that wait under a key; false: no PDU waits under that key. */
  join(key: string, caller: Caller): boolean {
    const callers = this.#callers.get(key);
    callers?.push(caller);
    return callers !== undefined;
  }

  open(key: string, caller: Caller): void {
    this.#callers.set(key, [caller]);
  }

  /** Removes and returns the PDUs that waited under a key. */
  leave(key: string): readonly Caller[] {
    const callers = this.#callers.get(key) ?? [];
    this.#callers.delete(key);
    return callers;
  }

  clear(): void {
    this.#callers.clear();
  }
}
