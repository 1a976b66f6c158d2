import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { Reader, toHex, Writer } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

type Step = readonly [
  name: string,
  value: number | bigint,
  write: (to: Writer) => void,
  read: (from: Reader) => number | bigint,
];
const number = (
  name: string,
  values: fc.Arbitrary<number>,
  write: (to: Writer, value: number) => void,
  read: (from: Reader) => number,
): fc.Arbitrary<Step> => values.map((value) => [name, value, (to) => write(to, value), read]);

const steps: fc.Arbitrary<Step> = fc.oneof(
  number(
    "u8",
    fc.nat(0xff),
    (to, value) => to.u8(value),
    (from) => from.u8(),
  ),
  number(
    "i8",
    fc.integer({ min: -0x80, max: 0x7f }),
    (to, value) => to.u8(value),
    (from) => from.i8(),
  ),
  number(
    "u16",
    fc.nat(0xffff),
    (to, value) => to.u16(value),
    (from) => from.u16(),
  ),
  number(
    "i16",
    fc.integer({ min: -0x8000, max: 0x7fff }),
    (to, value) => to.u16(value),
    (from) => from.i16(),
  ),
  number(
    "u32",
    fc.nat(0xffffffff),
    (to, value) => to.u32(value),
    (from) => from.u32(),
  ),
  number(
    "i32",
    fc.integer(),
    (to, value) => to.u32(value),
    (from) => from.i32(),
  ),
  number(
    "f32",
    fc.float(),
    (to, value) => to.f32(value),
    (from) => from.f32(),
  ),
  number(
    "f64",
    fc.double(),
    (to, value) => to.f64(value),
    (from) => from.f64(),
  ),
  number(
    "length",
    fc.nat(0xffffffff),
    (to, value) => to.size(value),
    (from) => from.length(),
  ),
  fc
    .bigInt({ min: 0n, max: 0xffffffffffffffffn })
    .map((value): Step => ["u64", value, (to) => to.u64(value), (from) => from.u64()]),
  fc
    .bigInt({ min: -0x8000000000000000n, max: 0x7fffffffffffffffn })
    .map((value): Step => ["i64", value, (to) => to.u64(value), (from) => from.i64()]),
);

describe("Reader and Writer", () => {
  it("agree, for any row of values, at any offset, in a writer of any capacity", () => {
    fc.assert(
      fc.property(fc.array(steps), fc.nat(3), fc.nat(3), (row, capacity, before) => {
        const to = new Writer(capacity);
        to.put(new Uint8Array(before));
        for (const [, , write] of row) write(to);
        expect(to.done()).toHaveLength(to.length);
        expect(to.view()).toEqual(to.done());
        const from = new Reader(to.done(), { start: before });
        for (const [name, value, , read] of row) expect([name, read(from)]).toEqual([name, value]);
        from.finish();
      }),
    );
  });

  it("read any octets as values or a Fault `truncated` that leaves the place as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9 }), fc.array(steps, { maxLength: 5 }), (given, row) => {
        const from = new Reader(given, { layer: "hdlc" });
        for (const [name, , , read] of row) {
          const at = from.at;
          try {
            read(from);
          } catch (caught) {
            expect(caught).toMatchObject({ name: "Fault", layer: "hdlc" });
            if (name !== "length") expect(caught).toMatchObject({ code: "truncated", offset: at });
            return;
          }
          expect(from.at).toBeLessThanOrEqual(given.length);
        }
      }),
    );
  });

  it("never read past the end that was set, nor past the octets", () => {
    const from = new Reader(octets(1, 2, 3), { end: 2 });
    expect([from.u16(), from.remaining, from.peek()]).toEqual([0x0102, 0, undefined]);
    for (const read of [() => from.u8(), () => from.u16(), () => from.u32(), () => from.u64(), () => from.f32()]) {
      expect(faultOf(read)).toMatchObject({ code: "truncated", offset: 2 });
    }
    expect(faultOf(() => new Reader(octets(1), { end: 9 }).u16()).code).toBe("truncated");
  });

  it("read from a view into other octets", () => {
    const whole = octets(9, 9, 0x3f, 0x80, 0, 0, 9);
    const from = new Reader(whole.subarray(2, 6));
    expect(from.peek()).toBe(0x3f);
    expect(from.f32()).toBe(1);
  });
});

describe("Reader", () => {
  it("hands out views, and never goes backwards", () => {
    const given = octets(1, 2, 3, 4);
    const from = new Reader(given);
    expect(from.take(2).buffer).toBe(given.buffer);
    for (const count of [-1, Number.NaN, 3])
      expect(faultOf(() => from.take(count))).toMatchObject({ code: "truncated", offset: 2 });
    expect(from.take(0)).toEqual(octets());
    expect(from.rest()).toEqual(octets(3, 4));
  });

  it("reads lengths in every form, also longer than needed", () => {
    const lengths: [number[], number][] = [
      [[0x7f], 127],
      [[0x81, 0x05], 5],
      [[0x82, 0x01, 0x00], 256],
      [[0x84, 0xff, 0xff, 0xff, 0xff], 0xffffffff],
    ];
    for (const [given, length] of lengths) expect(new Reader(octets(...given)).length()).toBe(length);
    for (const given of [[0x80], [0x85, 0, 0, 0, 0, 1], [0xff]]) {
      expect(faultOf(() => new Reader(octets(...given)).length())).toMatchObject({ code: "bad-length", offset: 0 });
    }
    expect(faultOf(() => new Reader(octets(0x82, 1)).length()).code).toBe("truncated");
  });

  it("checks a length and a count against what is left before anything is allocated", () => {
    expect(new Reader(octets(2, 1, 1)).boundedLength()).toBe(2);
    expect(new Reader(octets(2, 1, 1)).boundedCount()).toBe(2);
    const bomb = octets(0x84, 0xff, 0xff, 0xff, 0xff, 0);
    expect(faultOf(() => new Reader(bomb).boundedLength())).toMatchObject({ code: "bad-length", offset: 0 });
    expect(faultOf(() => new Reader(bomb).boundedCount())).toMatchObject({ code: "bad-length", offset: 0 });
    expect(faultOf(() => new Reader(octets(2, 1, 1)).boundedCount(2)).code).toBe("bad-length");
  });

  it("limits the depth", () => {
    const from = new Reader(octets(), { maxDepth: 2 });
    from.descend();
    from.descend();
    expect(faultOf(() => from.descend()).code).toBe("too-deep");
    from.ascend();
    from.descend();
    expect(new Reader(octets()).maxDepth).toBe(64);
  });

  it("says what is left over", () => {
    const from = new Reader(octets(1, 2, 3));
    from.u8();
    expect(faultOf(() => from.finish())).toMatchObject({
      code: "trailing-octets",
      offset: 1,
      message: "2 octets left over",
    });
    from.u8();
    expect(faultOf(() => from.finish()).message).toBe("1 octet left over");
    expect(from.fault("bad-value", "it is", undefined, "try again")).toMatchObject({ offset: 2, hint: "try again" });
  });
});

describe("Writer", () => {
  it("writes the shortest length form", () => {
    const forms: [number, string][] = [
      [0, "00"],
      [127, "7f"],
      [128, "8180"],
      [255, "81ff"],
      [256, "820100"],
      [65535, "82ffff"],
      [65536, "83010000"],
      [0x1000000, "8401000000"],
    ];
    for (const [length, hex] of forms) {
      const to = new Writer();
      to.size(length);
      expect(toHex(to.done())).toBe(hex);
    }
  });

  it("fills a length in afterwards, also of one within another", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 127, 128, 255, 256, 65535, 65536, 0x1000000), fc.nat(200), (length, inner) => {
        const content = new Uint8Array(length).fill(7);
        const to = new Writer(1);
        const outer = to.open();
        to.put(content);
        const opened = to.open();
        to.put(new Uint8Array(inner).fill(8));
        to.close(opened);
        to.close(outer);
        const expected = new Writer();
        const within = new Writer();
        within.put(content);
        within.sized(new Uint8Array(inner).fill(8));
        expected.sized(within.view());
        expect(Buffer.compare(to.done(), expected.done())).toBe(0);
      }),
      { numRuns: times(40) },
    );
  });

  it("forgets what was written", () => {
    const to = new Writer();
    to.u32(0xffffffff);
    const kept = to.done();
    to.reset();
    expect(to.length).toBe(0);
    to.u8(1);
    expect([toHex(kept), toHex(to.done())]).toEqual(["ffffffff", "01"]);
  });
});
