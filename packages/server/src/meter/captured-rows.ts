import { type AnyObject, after, type MaybePromise, RowRing } from "@dlmskit/cosem-objects";
import type { NewRows, WorkResult } from "../runtime/unit-of-work.ts";
import type { MeterStore } from "../store-port.ts";
import type { KeptRows } from "./kept-rows.ts";

/** The captured rows of a profile in a store. */
export const storedRows = ({ keeping }: MeterStore, of: Parameters<MeterStore["keeping"]["count"]>[0]): KeptRows => ({
  count: () => keeping.count(of),
  range: (from, to) => keeping.range(of, from, to),
  entries: (first, last) => keeping.entries(of, first, Math.min(last, Number.MAX_SAFE_INTEGER)),
});

const finite = (bound: number): number | undefined => (Number.isFinite(bound) ? bound : undefined);

/** The rows as a work sees them. The rows that the work has added come last. */
export function withNewRows(kept: KeptRows, { clear, keep, rows }: NewRows): KeptRows {
  const before = (): MaybePromise<Iterable<Uint8Array>> => (clear ? [] : kept.entries(1, Number.POSITIVE_INFINITY));
  const added = rows.map(({ encoded }) => encoded);
  const all = (): MaybePromise<Uint8Array[]> =>
    after(before(), (found) => [...found, ...added].slice(rows.length === 0 ? 0 : -keep));
  return {
    count: () => after(all(), ({ length }) => length),
    entries: (first, last) => after(all(), (found) => found.slice(Math.max(1, first) - 1, last)),
    range: (from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) =>
      after(clear ? [] : kept.range(finite(from), finite(to)), (found) => [
        ...found,
        ...rows.filter(({ at }) => at >= from && at <= to).map(({ encoded }) => encoded),
      ]),
  };
}

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

  /** Takes the rows that a work has captured. */
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
