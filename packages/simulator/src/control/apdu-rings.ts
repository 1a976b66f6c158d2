import { type ExplainedField, explainApdu } from "@dlmskit/apdu";
import type { Tap } from "@dlmskit/server";

/** An APDU that a meter received or sent, in plain. */
export interface ShownApdu {
  /** The time of day of the machine, ms since 1970 UTC. */
  readonly at: number;
  readonly way: "received" | "sent";
  readonly client: number;
  /** Its length in octets. */
  readonly length: number;
  /** Its fields, each with its path. Secrets are left out. */
  readonly fields: readonly { readonly path: string; readonly text: string }[];
  /** Why it could not be decoded. */
  readonly fault?: string;
}

interface Seen {
  readonly at: number;
  readonly way: "received" | "sent";
  readonly client: number;
  readonly length: number;
  readonly octets: Uint8Array;
}

/** APDUs that are kept of one meter, and meters that are watched. The oldest are dropped. */
const keptApdus = 64;
const watchedMeters = 16;
/** Octets that are kept of one APDU. */
const keptOctets = 4096;

/** The last APDUs of the meters that somebody looks at. Nothing is kept of other meters. */
export class ApduRings {
  readonly #rings = new Map<string, Seen[]>();
  readonly #instant: () => number;

  constructor(instant: () => number) {
    this.#instant = instant;
  }

  readonly tap: Tap = ({ at, way, octets, meter, client = 0 }) => {
    if (at !== "plain" || this.#rings.size === 0 || meter === undefined) return undefined;
    const ring = this.#rings.get(meter.id);
    if (ring === undefined) return undefined;
    if (ring.length >= keptApdus) ring.shift();
    ring.push({
      ...{ at: this.#instant(), way, client, length: octets.length },
      octets: octets.slice(0, keptOctets),
    });
    return undefined;
  };

  /** The last APDUs of a meter, oldest first. From the first call on they are kept. */
  of(meterId: string): readonly ShownApdu[] {
    const ring = this.#rings.get(meterId) ?? [];
    this.#rings.delete(meterId);
    if (this.#rings.size >= watchedMeters) this.#rings.delete(this.#rings.keys().next().value as string);
    this.#rings.set(meterId, ring);
    return ring.map(shown);
  }
}

const asText = ({ path, text }: ExplainedField): { readonly path: string; readonly text: string } => ({
  path: path.join("."),
  text,
});

/** Classes whose values may be secrets: Association SN and LN, Security setup. */
const secretClasses: readonly unknown[] = [12, 15, 64];
const hidden = { text: "not shown" };

function isSecret({ path }: ExplainedField, secretClass: boolean): boolean {
  if (path.some((step) => /authenticationValue$/i.test(step))) return true;
  return secretClass && path.some((step) => step === "value" || step === "parameters" || step === "values");
}

function shown({ octets, ...seen }: Seen): ShownApdu {
  const { fields, fault } = explainApdu(octets);
  const secretClass = fields.some(({ path, value }) => path.at(-1) === "classId" && secretClasses.includes(value));
  const cut = octets.length < seen.length;
  return {
    ...seen,
    fields: fields.map((field) => ({ ...asText(field), ...(isSecret(field, secretClass) && hidden) })),
    ...(cut || fault === undefined ? {} : { fault: fault.message }),
  };
}
