// Random numbers without state. A number is a function of (seed, meter, stream, index), so each number can be computed alone, in any order.

/** 64 bits that are derived from the seed and the name of the meter. */
export interface RandomKey {
  readonly low: number;
  readonly high: number;
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. Takes and returns 32 bits, signed. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

// FNV-1a over UTF-16 code units, from two offsets at once.
function hashed(text: string, key: { low: number; high: number }): void {
  let { low, high } = key;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x01000193);
  }
  key.low = low;
  key.high = high;
}

/** The key of one meter of a run. The same texts give the same key on every machine. */
export function randomKey(seed: string, meter: string): RandomKey {
  // The length is hashed first, so that "a" + "bc" differs from "ab" + "c".
  const key = { low: Math.imul(0x811c9dc5 ^ seed.length, 0x01000193), high: mix(0x2b1d7a95 ^ seed.length) };
  hashed(seed, key);
  hashed(meter, key);
  key.low = mix(key.low);
  key.high = mix(key.high);
  return key;
}

/** 32 random bits, signed, of a stream at an index (any safe integer). */
export function bits(key: RandomKey, stream: number, index: number): number {
  const one = mix(key.low ^ Math.imul(stream + 1, 0x9e3779b1));
  const small = (index | 0) === index;
  const two = mix(key.high ^ index ^ (small ? 0 : Math.imul(Math.floor(index / 0x100000000), 0x7feb352d)));
  return mix(one ^ Math.imul(two, 0x27d4eb2f) ^ (two >>> 15));
}

/** 32 random bits, signed, of the n-th draw from a seed that `bits` returned. */
export function draw(seed: number, n: number): number {
  return mix(seed ^ Math.imul(n + 1, 0x9e3779b1));
}

/** Signed 32 bits as a number in [-1, 1). */
export const signed = (value: number): number => value / 0x80000000;

/** Signed 32 bits as a number in [0, 1). */
export const unit = (value: number): number => (value >>> 0) / 0x100000000;

/** Uniform in [low, high). */
export function between(key: RandomKey, stream: number, index: number, low: number, high: number): number {
  return low + (high - low) * unit(bits(key, stream, index));
}

/** The streams of random numbers of the model. Add a new stream at the end, so that existing values do not change. */
export const Stream = {
  household: 0,
  spanBoundary: 1,
  spanApparent: 2,
  spanTree: 3,
  voltageSlot: 4,
  voltageMinute: 5,
  frequency: 6,
  leakage: 7,
  phases: 8,
  /** Export uses its own streams: the streams of import plus this number. */
  export: 20,
  /** Capacitive hours use their own streams, too, and so does each phase. */
  capacitive: 40,
  /** Power-quality rows use the streams from this number on, one stream per row. */
  events: 100,
  vacancy: 9000,
  outliers: 9001,
  /** One stream for who owns it and one for its sessions, per device. */
  devices: 9100,
  /** The streams of the second and the third phase, and of the devices: those of import plus this number, once or more. */
  phase: 10_000,
} as const;
