import { fromAscii, fromHex, toHex, toLatin1 } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fleet, type FleetDefinition } from "../src/fleet/fleet.ts";
import { Permutation } from "../src/fleet/permutation.ts";
import { randomKey } from "../src/model/random.ts";
import { codeOf } from "./code-of.ts";

const keyOf = (octet: number): Uint8Array => new Uint8Array(32).fill(octet);
const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anySize = fc.oneof(fc.integer({ min: 1, max: 2 ** 32 }), fc.integer({ min: 1, max: 300 }), fc.constant(2 ** 32));

describe("Permutation", () => {
  it("gives each value once, at any size", () => {
    for (let size = 1; size <= 200; size++) {
      const permutation = new Permutation(keyOf(size), size);
      const values = Array.from({ length: size }, (_, index) => permutation.of(index));
      expect([...values].sort((one, other) => one - other)).toEqual(values.map((_, index) => index));
      expect(values.map((value) => permutation.inverse(value))).toEqual(values.map((_, index) => index));
    }
  });

  it("leads back to the index", () => {
    fc.assert(
      fc.property(anyKey, anySize, fc.nat(), (key, size, any) => {
        const permutation = new Permutation(key, size);
        for (const number of [0, size - 1, any % size]) {
          const value = permutation.of(number);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThan(size);
          expect(permutation.inverse(value)).toBe(number);
          expect(permutation.of(permutation.inverse(number))).toBe(number);
        }
      }),
    );
  });

  it("spreads neighbours over all values, and every key differently", () => {
    for (const size of [100_000_000, 2 ** 32, 65_537, 1000]) {
      const one = new Permutation(keyOf(1), size);
      const other = new Permutation(keyOf(2), size);
      const samples = Math.min(size, 20_000);
      const buckets = new Array<number>(20).fill(0);
      let distance = 0;
      let rises = 0;
      let same = 0;
      for (let index = 0; index < samples; index++) {
        const value = one.of(index);
        buckets[Math.floor((value / size) * 20)] = (buckets[Math.floor((value / size) * 20)] as number) + 1;
        const step = value - one.of((index + 1) % size);
        distance += Math.abs(step);
        if (step < 0) rises++;
        if (value === other.of(index)) same++;
      }
      // Of two values at random the distance is a third of the size.
      expect(distance / samples / size).toBeGreaterThan(0.3);
      expect(distance / samples / size).toBeLessThan(0.37);
      expect(rises / samples).toBeGreaterThan(0.45);
      expect(rises / samples).toBeLessThan(0.55);
      expect(same).toBeLessThan(10);
      for (const count of buckets) expect(Math.abs(count - samples / 20)).toBeLessThan(samples / 100);
    }
  });

  // Computed by another program from the description alone.
  it("stays as it is: serial numbers depend on it", () => {
    const key = Uint8Array.from({ length: 32 }, (_, at) => at);
    const permutation = new Permutation(key, 100_000_000);
    expect([0, 1, 2, 99_999_999].map((index) => permutation.of(index))).toEqual([
      53_352_131, 8_902_163, 56_758_199, 8_480_036,
    ]);
  });

  it("refuses what is out of range", () => {
    expect(codeOf(() => new Permutation(new Uint8Array(31), 10))).toBe("bad-key-length");
    for (const size of [0, 2 ** 32 + 1, 1.5]) {
      expect(codeOf(() => new Permutation(keyOf(1), size))).toBe("out-of-range");
    }
    const permutation = new Permutation(keyOf(1), 10);
    for (const number of [-1, 10, 0.5, Number.NaN]) {
      expect(codeOf(() => permutation.of(number))).toBe("out-of-range");
      expect(codeOf(() => permutation.inverse(number))).toBe("out-of-range");
    }
  });
});

const definition: FleetDefinition = {
  secret: Uint8Array.from({ length: 32 }, (_, at) => at),
  template: "is15959-d1",
  manufacturer: "DLK",
  meters: 1_000_000,
  seed: "spring",
};
const fleet = new Fleet(definition);
const anyIndex = fc.integer({ min: 0, max: definition.meters - 1 });

describe("Fleet", () => {
  it("gives every meter an identity that leads back to it", () => {
    fc.assert(
      fc.property(anyIndex, fc.integer({ min: 0, max: 9999 }), (index, series) => {
        const one = new Fleet({ ...definition, series });
        expect(one.serial(index)).toMatch(/^\d{8}$/);
        expect(one.indexOf(one.serial(index))).toBe(index);
        expect(one.logicalDeviceName(index)).toBe(`DLK${`${series}${one.serial(index)}`.padStart(13, "0")}`);
        expect(one.indexOfName(one.logicalDeviceName(index))).toBe(index);
        expect(toLatin1(one.systemTitle(index).subarray(0, 3))).toBe("DLK");
        expect(one.indexOfSystemTitle(one.systemTitle(index))).toBe(index);
        expect(one.indexOfMeterId(one.meterId(index))).toBe(index);
      }),
    );
    expect(fleet.meterId(0)).toBe("is15959-d1-000001");
    expect(fleet.meterId(999_999)).toBe("is15959-d1-1000000");
  });

  it("never gives two meters one serial number, name or title", () => {
    const serials = new Set<string>();
    const titles = new Set<string>();
    for (let index = 0; index < 50_000; index++) {
      serials.add(fleet.serial(index));
      titles.add(toHex(fleet.systemTitle(index)));
    }
    expect(serials.size).toBe(50_000);
    expect(titles.size).toBe(50_000);
    const next = new Fleet({ ...definition, template: "other", series: 1 });
    for (let index = 0; index < 50_000; index++) expect(titles.has(toHex(next.systemTitle(index)))).toBe(false);
  });

  it("knows what is not its own", () => {
    const small = new Fleet({ ...definition, meters: 10 });
    expect(small.indexOf(fleet.serial(10))).toBeUndefined();
    expect(small.indexOf("1234")).toBeUndefined();
    expect(small.indexOf("0000000x")).toBeUndefined();
    expect(small.indexOfName(`XXX${small.logicalDeviceName(3).slice(3)}`)).toBeUndefined();
    expect(small.indexOfName(small.serial(3))).toBeUndefined();
    const title = small.systemTitle(3);
    expect(small.indexOfSystemTitle(title.subarray(1))).toBeUndefined();
    title[3] = 1;
    expect(small.indexOfSystemTitle(title)).toBeUndefined();
    for (const id of ["is15959-d1-000011", "is15959-d1-1", "is15959-d2-000001", "is15959-d1-", ""]) {
      expect(small.indexOfMeterId(id), id).toBeUndefined();
    }
  });

  it("counts on from a system title that is given", () => {
    const one = new Fleet({ ...definition, firstSystemTitle: fromHex("4d4d4d01fffffffe") });
    expect([0, 1, 2].map((index) => toHex(one.systemTitle(index)))).toEqual([
      "4d4d4d01fffffffe",
      "4d4d4d01ffffffff",
      "4d4d4d0100000000",
    ]);
    for (const index of [0, 1, 2, 999_999]) expect(one.indexOfSystemTitle(one.systemTitle(index))).toBe(index);
    expect(one.indexOfSystemTitle(fromHex("4d4d4d01fffffffd"))).toBeUndefined();
    expect(one.indexOfSystemTitle(fromHex("4d4d4d02fffffffe"))).toBeUndefined();
  });

  // Computed by another program from the description alone.
  it("stays as it is: stores keep the secret alone", () => {
    expect({
      serials: [0, 1, 999_999].map((index) => fleet.serial(index)),
      title: toHex(fleet.systemTitle(1)),
      key: toHex(fleet.key(1, "encryption-key 0.0.43.0.3.255", 16)),
      shared: toHex(fleet.fleetKey("broadcast-key 0.0.43.0.3.255", 16)),
      password: toLatin1(fleet.password(1, "password 0.0.40.0.2.255", 20)),
    }).toEqual({
      serials: ["09666469", "36293337", "39448225"],
      title: "444c4b000229cad9",
      key: "78e37e2b52f23b94a066ec4c49f051bb",
      shared: "fdf8580aba07187af488df256089d70d",
      password: "jeyN6IHd6JTHqh7L0B8G",
    });
  });

  it("has the same meters when it grows, and others by another secret or template", () => {
    const larger = new Fleet({ ...definition, meters: 100_000_000 });
    expect(larger.serial(7)).toBe(fleet.serial(7));
    expect(larger.key(7, "a", 16)).toEqual(fleet.key(7, "a", 16));
    for (const changed of [{ secret: keyOf(9) }, { template: "other" }]) {
      const other = new Fleet({ ...definition, ...changed });
      expect(other.serial(7)).not.toBe(fleet.serial(7));
      expect(other.key(7, "a", 16)).not.toEqual(fleet.key(7, "a", 16));
      expect(other.fleetKey("a", 16)).not.toEqual(fleet.fleetKey("a", 16));
    }
  });

  it("gives each meter, purpose and length a key of its own", () => {
    const keys = [
      ...[0, 1, 256, 65_536].map((index) => fleet.key(index, "a", 32)),
      ...["b", "ab", "a 0"].map((purpose) => fleet.key(0, purpose, 32)),
      fleet.fleetKey("a", 32),
      fleet.key(0, "a", 16),
    ].map((key) => toHex(key).slice(0, 32));
    expect(new Set(keys).size).toBe(keys.length);
    expect(fleet.key(0, "a", 32)).toHaveLength(32);
    expect(fleet.randomKey(3)).toEqual(randomKey("spring", "is15959-d1-000004"));
  });

  it("makes passwords of letters and digits, each as likely", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 500; index++) {
      const text = toLatin1(fleet.password(index, "password", 20));
      expect(text).toMatch(/^[A-Za-z0-9]{20}$/);
      for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    // 10,000 letters: 161 of each, give or take 13; the first 8 would have 196 each if no octet were passed over.
    for (const [letter, count] of counts) expect(Math.abs(count - 161), letter).toBeLessThan(60);
    const first = [..."ABCDEFGH"].reduce((sum, letter) => sum + (counts.get(letter) ?? 0), 0);
    expect(first).toBeLessThan(1430);
    expect(fleet.password(0, "password", 100)).toHaveLength(100);
  });

  it("refuses what cannot be", () => {
    const refused = (changed: Partial<FleetDefinition>) => codeOf(() => new Fleet({ ...definition, ...changed }));
    expect(refused({ secret: new Uint8Array(31) })).toBe("bad-key-length");
    expect(refused({ meters: 0 })).toBe("out-of-range");
    expect(refused({ meters: 100_000_001 })).toBe("out-of-range");
    expect(refused({ series: 10_000 })).toBe("out-of-range");
    expect(refused({ manufacturer: "DL" })).toBe("bad-value");
    expect(refused({ manufacturer: "DLÄ" })).toBe("bad-value");
    expect(refused({ firstSystemTitle: fromAscii("short") })).toBe("bad-value");
    expect(refused({ derivation: 2 })).toBe("bad-value");
    for (const index of [-1, 1_000_000, 0.5]) {
      expect(codeOf(() => fleet.serial(index))).toBe("out-of-range");
      expect(codeOf(() => fleet.meterId(index))).toBe("out-of-range");
      expect(codeOf(() => fleet.systemTitle(index))).toBe("out-of-range");
      expect(codeOf(() => fleet.key(index, "a", 16))).toBe("out-of-range");
    }
  });
});
