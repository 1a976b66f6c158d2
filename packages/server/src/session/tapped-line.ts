import type { TapVerdict } from "../access/taps.ts";

interface Held {
  readonly at: number;
  readonly pass: () => void;
}

/** What passes a tap in one direction, in order: behind what is delayed everything waits. */
export class TappedLine {
  readonly #held: Held[] = [];

  /** When the first of what is held goes on, ms of the machine's clock; undefined: nothing is held. */
  get deadline(): number | undefined {
    return this.#held[0]?.at;
  }

  /** Lets octets pass as a tap said; later where they, or others before them, are delayed. */
  pass(octets: Uint8Array, verdict: TapVerdict | undefined, now: number, go: (octets: Uint8Array) => void): void {
    if (verdict?.do === "drop") return;
    const passed = verdict !== undefined && "octets" in verdict ? (verdict.octets ?? octets) : octets;
    const at = Math.max(this.#held.at(-1)?.at ?? now, now + (verdict?.do === "delay" ? verdict.ms : 0));
    if (at <= now && this.#held.length === 0) go(passed);
    else this.#held.push({ at, pass: () => go(passed) });
  }

  /** Lets go on what has waited long enough. */
  expire(now: number): void {
    while (this.#held[0] !== undefined && this.#held[0].at <= now) this.#held.shift()?.pass();
  }
}
