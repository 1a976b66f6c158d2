import type { Span } from "../../fleet/addresses.ts";

/** The part of a span within another one; undefined: they have no meter in common. */
export function overlap(one: Span, other: Span): Span | undefined {
  const first = Math.max(one.first, other.first);
  const meters = Math.min(one.first + one.meters, other.first + other.meters) - first;
  return meters > 0 ? { first, meters } : undefined;
}

/** Meters whose power was cut by the control. */
export class DarkMeters {
  #spans: readonly Span[];

  constructor(spans: readonly Span[] = []) {
    this.#spans = spans;
  }

  /** They do not overlap. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** The power of consecutive meters was cut or restored. */
  switched(span: Span, on: boolean): void {
    const end = span.first + span.meters;
    const left = this.#spans.flatMap((dark) => {
      const darkEnd = dark.first + dark.meters;
      return [
        { first: dark.first, meters: Math.min(darkEnd, span.first) - dark.first },
        { first: Math.max(dark.first, end), meters: darkEnd - Math.max(dark.first, end) },
      ].filter(({ meters }) => meters > 0);
    });
    this.#spans = on ? left : [...left, span];
  }
}
