import { Fault } from "@dlmskit/core";

/** Meters of one transformer, and of one feeder (12 transformers), in the order of their indexes. */
const metersOf = { transformer: 60, feeder: 720 } as const;
type Kind = keyof typeof metersOf;

/** A feeder or a transformer, and the meters that it supplies. */
export interface Feeder {
  /** `feeder-1` or `transformer-1`, counted from 1. */
  readonly name: string;
  /** The index of its first meter. */
  readonly first: number;
  readonly meters: number;
}

const count = (kind: Kind, meters: number): number => Math.ceil(meters / metersOf[kind]);

const feeder = (kind: Kind, number: number, meters: number): Feeder => {
  const first = (number - 1) * metersOf[kind];
  return { name: `${kind}-${number}`, first, meters: Math.min(metersOf[kind], meters - first) };
};

/** The feeder or the transformer with a name, in a fleet of `meters` meters. Fault `unknown-feeder`. */
export function feederNamed(name: string, meters: number): Feeder {
  const [, kind, digits] = /^(feeder|transformer)-([1-9]\d{0,8})$/.exec(name) ?? [];
  const number = Number(digits);
  if (kind !== undefined && number <= count(kind as Kind, meters)) return feeder(kind as Kind, number, meters);
  throw new Fault("unknown-feeder", `there is no feeder ${JSON.stringify(name)}`, {
    layer: "simulator",
    hint: `feeder-1 to feeder-${count("feeder", meters)}, transformer-1 to transformer-${count("transformer", meters)}`,
  });
}

/** The feeder and the transformer that supply a meter. */
export function feedersOf(index: number): { readonly feeder: string; readonly transformer: string } {
  const name = (kind: Kind): string => `${kind}-${Math.floor(index / metersOf[kind]) + 1}`;
  return { feeder: name("feeder"), transformer: name("transformer") };
}

/** Feeders `from` (counted from 0) to `from + limit - 1`, as far as there are. */
export function feedersFrom(from: number, limit: number, meters: number): readonly Feeder[] {
  const last = Math.min(from + limit, count("feeder", meters));
  return Array.from({ length: Math.max(0, last - from) }, (_, at) => feeder("feeder", from + at + 1, meters));
}
