import type { TapVerdict } from "../access/taps.ts";

interface Held {
  readonly at: number;
  readonly pass: () => void;
}

/** The octets that pass a tap in one direction, in order: all later octets wait behind delayed ones. */
export class TappedLine {
  readonly #held: Held[] = [];

  /** The time at which the first delayed octets pass, ms of the machine's clock; undefined: nothing is delayed. */
  get deadline(): number | undefined {
    return this.#held[0]?.at;
  }

  /** Passes octets by the verdict of a tap; later, if they or earlier octets are delayed. */
  pass(octets: Uint8Array, verdict: TapVerdict | undefined, now: number, go: (octets: Uint8Array) => void): void {
    if (verdict?.do === "drop") return;
    const passed = verdict !== undefined && "octets" in verdict ? (verdict.octets ?? octets) : octets;
    const at = Math.max(this.#held.at(-1)?.at ?? now, now + (verdict?.do === "delay" ? verdict.ms : 0));
    if (at <= now && this.#held.length === 0) go(passed);
    else this.#held.push({ at, pass: () => go(passed) });
  }

  /** Passes the octets whose delay has ended. */
  expire(now: number): void {
    while (this.#held[0] !== undefined && this.#held[0].at <= now) this.#held.shift()?.pass();
  }
}
