/** A repeatable source of 32-bit numbers (xorshift32); the seed is printed, so that any run can be had again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 to before `limit`. */
  below(limit: number): number {
    return this.next() % limit;
  }
}

// Octets at which decoders turn: ends of ranges, length forms, tags of Data and of APDUs, flags.
const telling = [
  0, 1, 2, 9, 15, 16, 18, 19, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0xa0, 0xbe, 0xc0, 0xc4, 0xdb, 0xe0, 0xfe, 0xff,
];

type Mutation = (octets: Uint8Array, dice: Dice, other: Uint8Array) => Uint8Array;

function spliced(octets: Uint8Array, at: number, removed: number, put: Uint8Array): Uint8Array {
  const made = new Uint8Array(octets.length - removed + put.length);
  made.set(octets.subarray(0, at));
  made.set(put, at);
  made.set(octets.subarray(at + removed), at + put.length);
  return made;
}

function changed(octets: Uint8Array, at: number, value: number): Uint8Array {
  const made = octets.slice();
  made[at] = value;
  return made;
}

function part(octets: Uint8Array, dice: Dice, most: number): { at: number; length: number } {
  const at = dice.below(octets.length + 1);
  return { at, length: dice.below(Math.min(most, octets.length - at) + 1) };
}

const mutations: readonly Mutation[] = [
  (octets, dice) => {
    const at = dice.below(octets.length || 1);
    return changed(octets, at, (octets[at] ?? 0) ^ (1 << dice.below(8)));
  },
  (octets, dice) => changed(octets, dice.below(octets.length || 1), telling[dice.below(telling.length)] as number),
  (octets, dice) => changed(octets, dice.below(octets.length || 1), dice.below(256)),
  (octets, dice) => {
    const at = dice.below(octets.length || 1);
    return changed(octets, at, (octets[at] ?? 0) + dice.below(33) - 16);
  },
  (octets, dice) => {
    const { at, length } = part(octets, dice, 16);
    return spliced(octets, at, length, new Uint8Array(0));
  },
  (octets, dice) => {
    const put = Uint8Array.from({ length: 1 + dice.below(8) }, () => dice.below(256));
    return spliced(octets, dice.below(octets.length + 1), 0, put);
  },
  (octets, dice) =>
    spliced(octets, dice.below(octets.length + 1), 0, Uint8Array.of(telling[dice.below(telling.length)] as number)),
  (octets, dice) => {
    const { at, length } = part(octets, dice, 64);
    return spliced(octets, dice.below(octets.length + 1), 0, octets.slice(at, at + length));
  },
  (octets, dice) => octets.slice(0, dice.below(octets.length + 1)),
  (octets, dice, other) => {
    const { at, length } = part(other, dice, 256);
    const here = part(octets, dice, 64);
    return spliced(octets, here.at, here.length, other.slice(at, at + length));
  },
];

/** One to eight changes, one on the other; at most `limit` octets long. */
export function mutate(octets: Uint8Array, other: Uint8Array, dice: Dice, limit: number): Uint8Array {
  let made = octets;
  for (let count = 1 + dice.below(1 << dice.below(4)); count > 0; count--) {
    made = (mutations[dice.below(mutations.length)] as Mutation)(made, dice, other);
  }
  return made.length > limit ? made.slice(0, limit) : made;
}
