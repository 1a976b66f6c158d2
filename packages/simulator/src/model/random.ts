// Randomness without state: a number is a function of (seed, meter, stream, index), so any of it can be had alone, in any order.

/** What the seed and the meter's name come to: 64 bits. */
export interface RandomKey {
  readonly low: number;
  readonly high: number;
}

// The finaliser of MurmurHash3: every input bit reaches every output bit.
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

// FNV-1a over UTF-16 code units, from two offsets.
function textHash(text: string, offset: number): number {
  let h = offset;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return mix(h);
}

/** The key of one meter of a run. The same texts give the same key on every machine. */
export function randomKey(seed: string, meter: string): RandomKey {
  const text = `${seed.length}:${seed}${meter}`;
  return { low: textHash(text, 0x811c9dc5), high: textHash(text, 0x2b1d7a95) };
}

/** 32 random bits of a stream at an index (any safe integer). */
export function bits(key: RandomKey, stream: number, index: number): number {
  const high = Math.floor(index / 0x100000000);
  const one = mix(key.low ^ Math.imul(stream + 1, 0x9e3779b1));
  const two = mix(key.high ^ index ^ Math.imul(high, 0x7feb352d));
  return mix(one ^ Math.imul(two, 0x27d4eb2f) ^ (two >>> 15)) >>> 0;
}

/** Uniform in [0, 1). */
export function uniform(key: RandomKey, stream: number, index: number): number {
  return bits(key, stream, index) / 0x100000000;
}

/** Uniform in [low, high). */
export function between(key: RandomKey, stream: number, index: number, low: number, high: number): number {
  return low + (high - low) * uniform(key, stream, index);
}

/** The streams that the model draws from; a new one goes to the end, so that what was drawn before stays. */
export const Stream = {
  household: 0,
  day: 1,
  slot: 2,
  minute: 3,
  powerFactor: 4,
  powerFactorSlot: 5,
  voltageSlot: 6,
  voltageMinute: 7,
  frequency: 8,
  leakage: 9,
  /** Power-quality rows draw from here on, four streams a row. */
  events: 100,
} as const;
