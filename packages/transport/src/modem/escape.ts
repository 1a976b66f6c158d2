import { concat } from "@dlmskit/core";
import type { Cancel, Clock } from "../clock.ts";

const plus = 0x2b;
const none = new Uint8Array(0);

/** Finds `+++` between two silences (S12), which changes from data mode to command mode. */
export class EscapeWatch {
  readonly #clock: Clock;
  readonly #guard: number;
  readonly #pass: (octets: Uint8Array) => void;
  readonly #escaped: () => void;
  #held: Uint8Array = none;
  #last = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, guard: number, pass: (octets: Uint8Array) => void, escaped: () => void) {
    this.#clock = clock;
    this.#guard = guard;
    this.#pass = pass;
    this.#escaped = escaped;
  }

  push(octets: Uint8Array): void {
    const now = this.#clock.now();
    const silent = this.#held.length > 0 || now - this.#last >= this.#guard;
    this.#last = now;
    this.#cancel?.();
    const given = concat(this.#held, octets);
    this.#held = none;
    if (!silent || given.length > 3 || given.some((octet) => octet !== plus)) {
      this.#pass(given);
      return;
    }
    this.#held = given;
    this.#cancel = this.#clock.at(now + this.#guard, () => {
      const held = this.#held;
      this.#held = none;
      if (held.length === 3) this.#escaped();
      else this.#pass(held);
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#held = none;
  }
}
