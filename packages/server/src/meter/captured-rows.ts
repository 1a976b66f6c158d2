import { type AnyObject, RowRing } from "@dlmskit/cosem-objects";
import type { WorkResult } from "../runtime/unit-of-work.ts";
import type { MeterStore } from "../store-port.ts";
import type { KeptRows } from "./view.ts";

/** The captured rows of a profile that a store has. */
export const storedRows = ({ keeping }: MeterStore, of: Parameters<MeterStore["keeping"]["count"]>[0]): KeptRows => ({
  count: () => keeping.count(of),
  range: (from, to) => keeping.range(of, from, to),
  entries: (first, last) => keeping.entries(of, first, Math.min(last, Number.MAX_SAFE_INTEGER)),
});

/** The captured rows of a meter that has no store. */
export class RowRings {
  readonly #rings = new Map<AnyObject, RowRing>();

  rows(profile: AnyObject): KeptRows {
    const ring = (): RowRing | undefined => this.#rings.get(profile);
    return {
      count: () => ring()?.length ?? 0,
      range: (from, to) => ring()?.range(from, to) ?? [],
      entries: (first, last) => ring()?.entries(first, last) ?? [],
    };
  }

  /** Takes what a work has captured. */
  take(captured: WorkResult["rows"]): void {
    for (const [profile, { clear, keep, rows }] of captured) {
      const ring = this.#ringOf(profile, keep);
      if (clear) ring.clear();
      for (const { at, encoded } of rows) ring.push(at, encoded);
    }
  }

  #ringOf(profile: AnyObject, capacity: number): RowRing {
    const kept = this.#rings.get(profile);
    if (kept?.capacity === capacity) return kept;
    const ring = new RowRing(capacity);
    kept?.copyTo(ring);
    this.#rings.set(profile, ring);
    return ring;
  }
}
