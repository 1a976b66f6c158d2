import { concat, fromAscii, toHex } from "@dlmskit/core";
import { Hkdf } from "@dlmskit/security";

/** Shorter octets occur in too many other values by chance. */
const shortest = 5;
const ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x61, 0x7a],
] as const;
const isText = (octets: Uint8Array): boolean => octets.every((octet) => octet >= 0x20 && octet < 0x7f);

/** Other octets of the same length in place of those that identify somebody: the same for the same octets. */
export class Pseudonyms {
  readonly #hkdf: Hkdf;
  /** By octets in hex. */
  readonly #known = new Map<string, string>();

  /** `secret`: 32 octets or more, which nobody must have who gets the result. */
  constructor(secret: Uint8Array) {
    this.#hkdf = new Hkdf(secret);
  }

  /** Octets that are to be replaced wherever they stand, unless they are shorter than `least`. */
  add(octets: Uint8Array | undefined, least = shortest): void {
    if (octets === undefined || octets.length < least) return;
    const hex = toHex(octets);
    if (!this.#known.has(hex)) this.#known.set(hex, toHex(this.of(octets)));
  }

  get originals(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** The pseudonym of octets. In texts, digits stay digits and letters stay letters. */
  of(octets: Uint8Array): Uint8Array {
    const text = isText(octets);
    for (let round = 0; ; round++) {
      const drawn = this.#hkdf.derive(
        concat(fromAscii(`dlmskit/pseudonym ${round} `), octets),
        Math.max(1, octets.length),
      );
      const made = octets.map((octet, at) => {
        const random = drawn[at] as number;
        if (!text) return random;
        const range = ranges.find(([low, high]) => octet >= low && octet <= high);
        return range === undefined ? octet : range[0] + (random % (range[1] - range[0] + 1));
      });
      if (toHex(made) !== toHex(octets) || round > 8) return made;
    }
  }

  /** A new key in place of one, for the name of its use. */
  key(name: string, octets: number): Uint8Array {
    return this.#hkdf.derive(fromAscii(`dlmskit/key ${name}`), octets);
  }

  /** The octets with their pseudonyms, the longest first. */
  in(octets: Uint8Array): Uint8Array {
    let hex = toHex(octets);
    const known = [...this.#known].sort(([one], [other]) => other.length - one.length);
    for (const [original, other] of known) hex = replaced(hex, original, other);
    return Uint8Array.from(hex.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
  }

  /** Whether octets contain some that identify somebody. */
  has(octets: Uint8Array): boolean {
    const hex = toHex(octets);
    return [...this.#known.keys()].some((original) => placeOf(hex, original, 0) >= 0);
  }
}

/** Where octets stand in others, both in hex; -1: nowhere. */
function placeOf(hex: string, octets: string, from: number): number {
  let at = hex.indexOf(octets, from);
  while (at % 2 === 1) at = hex.indexOf(octets, at + 1);
  return at;
}

function replaced(hex: string, original: string, other: string): string {
  let text = hex;
  for (let at = placeOf(text, original, 0); at >= 0; at = placeOf(text, original, at + other.length)) {
    text = text.slice(0, at) + other + text.slice(at + other.length);
  }
  return text;
}
