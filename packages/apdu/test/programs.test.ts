// What runs as a program must do what the declaration does: values, octets and faults, to the offset and the path.

import { type Codec, decode, encode, Fault, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { times } from "../../../test/campaign.ts";
import { decodeApdu, encodeApdu, getResponseOf, T } from "../src/index.ts";
import { apdus } from "./apdus.ts";
import { cosemDateTime } from "./arbitraries.ts";

const outcome = (run: () => unknown): unknown => {
  try {
    const value = run();
    return value instanceof Uint8Array ? toHex(value) : value;
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    const { code, offset, path, message, layer } = caught;
    return { code, offset, path, message, layer };
  }
};

const rows = () =>
  T.array(
    T.structure({
      clock: T.dateTimeOctets,
      name: T.logicalName,
      id: T.octetStringOf(4),
      long: T.octetStringOf(40),
      a: T.integer,
      b: T.long,
      c: T.doubleLong,
      d: T.unsigned,
      e: T.longUnsigned,
      f: T.doubleLongUnsigned,
      g: T.enumeration({ off: 0, on: 1 }),
      h: T.enum,
    }),
  );
const mixed = () =>
  T.structure({
    text: T.visibleString,
    octets: T.octetString,
    count: T.long64Unsigned,
    balance: T.long64,
    list: T.array(T.longUnsigned),
    lists: T.array(T.array(T.structure({ x: T.nullable(T.unsigned), y: T.boolean }))),
    any: T.any,
    last: T.oneOf(T.long64, T.doubleLong),
  });

const u8 = fc.nat(0xff);
const octets = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const row = fc.record({
  clock: cosemDateTime,
  name: fc.array(u8, { minLength: 6, maxLength: 6 }).map((groups) => groups.join(".")),
  id: octets(4),
  long: octets(40),
  a: fc.integer({ min: -128, max: 127 }),
  b: fc.integer({ min: -0x8000, max: 0x7fff }),
  c: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  d: u8,
  e: fc.nat(0xffff),
  f: fc.nat(0xffffffff),
  g: fc.constantFrom("off", "on"),
  h: u8,
});
const mixedValue = fc.record({
  text: fc.string({ maxLength: 40 }),
  octets: fc.uint8Array({ maxLength: 300 }),
  count: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  balance: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  list: fc.array(fc.nat(0xffff), { maxLength: 200 }),
  lists: fc.array(fc.array(fc.record({ x: fc.option(u8), y: fc.boolean() }), { maxLength: 3 }), { maxLength: 3 }),
  any: fc.constantFrom({ type: "null-data" }, { type: "unsigned", value: 3 }),
  last: fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.nat(9)),
});

/** A program is made of the 32nd use. */
function warmed<T>(codec: Codec<T>, octets: Uint8Array): Codec<T> {
  for (let use = 0; use < 40; use++) encode(codec, decode(codec, octets));
  return codec;
}

/** Octets with one changed, cut, or one put in. */
const damage = fc.record({ at: fc.nat(), octet: u8, how: fc.constantFrom("change", "cut", "insert") });
function damaged(octets: Uint8Array, { at, octet, how }: { at: number; octet: number; how: string }): Uint8Array {
  const where = at % octets.length;
  if (how === "cut") return octets.slice(0, where);
  if (how === "insert") return Uint8Array.from([...octets.slice(0, where), octet, ...octets.slice(where)]);
  return octets.map((one, step) => (step === where ? octet : one));
}
const wrongValue = fc.constantFrom<unknown>(
  ...[null, undefined, -1, 0.5, Number.NaN, 256, 65536, 2 ** 32, "x", "", true, 1n, {}, [], new Uint8Array(1)],
);

function same<V>(make: () => Codec<V>, values: fc.Arbitrary<V>): void {
  const sample = encode(make(), fc.sample(values, { numRuns: 1, seed: 5 })[0] as V);
  const fast = warmed(make(), sample);
  fc.assert(
    fc.property(values, damage, (value, change) => {
      const whole = encode(fast, value);
      // A codec of its own for each: never used often enough to be a program.
      expect(toHex(whole)).toBe(toHex(encode(make(), value)));
      expect(decode(fast, whole)).toEqual(decode(make(), whole));
      const octets = damaged(whole, change);
      expect(outcome(() => decode(fast, octets))).toEqual(outcome(() => decode(make(), octets)));
    }),
    { numRuns: times(100) },
  );
}

/** A value with something else somewhere in it. */
function altered(value: unknown, path: readonly number[], wrong: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return wrong;
  const keys = Object.keys(value);
  const [step, ...rest] = path;
  if (step === undefined || keys.length === 0) return wrong;
  const key = keys[step % keys.length] as string;
  const copy: Record<string, unknown> = Array.isArray(value) ? (value.slice() as never) : { ...value };
  copy[key] = altered((value as Record<string, unknown>)[key], rest, wrong);
  return copy;
}

function sameRefusals<V>(make: () => Codec<V>, values: fc.Arbitrary<V>): void {
  const fast = warmed(make(), encode(make(), fc.sample(values, { numRuns: 1, seed: 5 })[0] as V));
  fc.assert(
    fc.property(values, fc.array(fc.nat(), { maxLength: 4 }), wrongValue, (value, path, wrong) => {
      const bad = altered(value, path, wrong) as V;
      const both = [fast, make()].map((codec) => {
        try {
          return outcome(() => encode(codec, bad));
        } catch (caught) {
          // What is no value at all may be a TypeError, for both.
          return (caught as Error).name;
        }
      });
      expect(both[0]).toEqual(both[1]);
    }),
    { numRuns: times(100) },
  );
}

describe("typed Data as a program", () => {
  it("of fixed rows does the same", () => same(rows as () => Codec<unknown>, fc.array(row, { maxLength: 4 })));
  it("of fixed rows refuses the same", () =>
    sameRefusals(rows as () => Codec<unknown>, fc.array(row, { minLength: 1, maxLength: 3 })));
  it("of anything else does the same", () => same(mixed as () => Codec<unknown>, mixedValue));
  it("of anything else refuses the same", () => sameRefusals(mixed as () => Codec<unknown>, mixedValue));

  it("takes long and needlessly long counts", () => {
    const fast = warmed(T.array(T.unsigned), encode(T.array(T.unsigned), [1]));
    for (const count of [0, 1, 127, 128, 255, 256, 70_000]) {
      const values = new Array(count).fill(7);
      expect(decode(fast, encode(fast, values))).toEqual(values);
    }
    expect(decode(fast, Uint8Array.of(1, 0x83, 0, 0, 1, 17, 9))).toEqual([9]);
  });

  it("does not come with a copy of the codec", () => {
    const own = { ...T.unsigned, read: () => 42 };
    const list = T.array(own);
    expect(decode(warmed(list, Uint8Array.of(1, 0)), Uint8Array.of(1, 0))).toEqual([]);
    expect(() => decode(list, Uint8Array.of(1, 1, 17, 1))).toThrow("left over");
  });

  it("is done without where a host allows no code to be made", () => {
    vi.stubGlobal("Function", () => {
      throw new EvalError("unsafe-eval");
    });
    try {
      const list = warmed(T.array(T.unsigned), Uint8Array.of(1, 1, 17, 1));
      expect(decode(list, Uint8Array.of(1, 1, 17, 1))).toEqual([1]);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("APDUs as programs", () => {
  it("a GET response straight into typed values", () => {
    const codec = getResponseOf(T.structure({ scaler: T.integer, unit: T.enum }));
    const octets = Uint8Array.of(0xc4, 1, 0xc1, 0, 2, 2, 15, 0, 22, 30);
    expect(decode(warmed(codec as Codec<unknown>, octets), octets)).toEqual({
      apdu: "get-response-normal",
      invokeId: 1,
      priority: "high",
      serviceClass: "confirmed",
      result: { data: { scaler: 0, unit: 30 } },
    });
    expect(outcome(() => decode(codec, Uint8Array.of(0xc4, 1, 0xc1, 0, 1, 0)))).toMatchObject({
      code: "type-unmatched",
      path: ["get-response-normal", "result", "data"],
    });
  });

  it.each(apdus)("%s: what is damaged is refused the same way, or not at all", (_, arbitrary) => {
    // With an observer the ordinary way is taken.
    const observer = { enter: () => {}, leave: () => {} };
    for (const apdu of fc.sample(arbitrary, { numRuns: 40, seed: 1 })) decodeApdu(encodeApdu(apdu));
    fc.assert(
      fc.property(arbitrary, damage, (apdu, change) => {
        const octets = damaged(encodeApdu(apdu), change);
        expect(outcome(() => decodeApdu(octets))).toEqual(outcome(() => decodeApdu(octets, { observer })));
      }),
    );
  });
});
