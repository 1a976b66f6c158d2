import { Fault } from "@dlmskit/core";
import { type Network, usualNetwork } from "../model/network.ts";

type Kind = "transformer" | "feeder";

/** A feeder or a transformer, and the meters that it supplies. */
export interface Feeder {
  /** `feeder-1` or `transformer-1`, counted from 1. */
  readonly name: string;
  /** The index of its first meter. */
  readonly first: number;
  readonly meters: number;
}

/** The feeders and transformers of a fleet of `meters` meters, in the order of the meters' indexes. */
export class Feeders {
  readonly #meters: number;
  readonly #size: { readonly [kind in Kind]: number };

  /** `network`: that of the simulator. With null no fault is shared, but the power can still be switched by feeder. */
  constructor(meters: number, network: Network | null = usualNetwork) {
    const { metersPerTransformer, transformersPerFeeder } = network ?? usualNetwork;
    this.#meters = meters;
    this.#size = { transformer: metersPerTransformer, feeder: metersPerTransformer * transformersPerFeeder };
  }

  /** The feeder or the transformer with a name. Fault `unknown-feeder`. */
  named(name: string): Feeder {
    const [, kind, digits] = /^(feeder|transformer)-([1-9]\d{0,8})$/.exec(name) ?? [];
    const number = Number(digits);
    if (kind !== undefined && number <= this.#count(kind as Kind)) return this.#at(kind as Kind, number);
    throw new Fault("unknown-feeder", `there is no feeder ${JSON.stringify(name)}`, {
      layer: "simulator",
      hint: `feeder-1 to feeder-${this.#count("feeder")}, transformer-1 to transformer-${this.#count("transformer")}`,
    });
  }

  /** The feeder and the transformer that supply a meter. */
  of(index: number): { readonly feeder: string; readonly transformer: string } {
    const name = (kind: Kind): string => `${kind}-${Math.floor(index / this.#size[kind]) + 1}`;
    return { feeder: name("feeder"), transformer: name("transformer") };
  }

  /** Feeders `from` (counted from 0) to `from + limit - 1`, as far as there are. */
  list(from: number, limit: number): readonly Feeder[] {
    const last = Math.min(from + limit, this.#count("feeder"));
    return Array.from({ length: Math.max(0, last - from) }, (_, at) => this.#at("feeder", from + at + 1));
  }

  #count(kind: Kind): number {
    return Math.ceil(this.#meters / this.#size[kind]);
  }

  #at(kind: Kind, number: number): Feeder {
    const first = (number - 1) * this.#size[kind];
    return { name: `${kind}-${number}`, first, meters: Math.min(this.#size[kind], this.#meters - first) };
  }
}
