import type { CosemDate, CosemDateTime, CosemTime } from "@dlmskit/core";
import fc from "fast-check";
import type { Data, TypeDescription } from "../src/index.ts";

const field = (high = 0xfe) => fc.option(fc.nat(high), { nil: null });
const dateFields = { year: field(0xfffe), month: field(), day: field(), dayOfWeek: field() };
const timeFields = { hour: field(), minute: field(), second: field(), hundredths: field() };
export const cosemDate: fc.Arbitrary<CosemDate> = fc.record(dateFields);
export const cosemTime: fc.Arbitrary<CosemTime> = fc.record(timeFields);
export const cosemDateTime: fc.Arbitrary<CosemDateTime> = fc.record({
  ...dateFields,
  ...timeFields,
  deviation: fc.option(fc.integer({ min: -0x7fff, max: 0x7fff }), { nil: null }),
  status: field(),
});

const signed = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const unsigned = (bits: number) => fc.nat(2 ** bits - 1);
const bitText = fc.array(fc.constantFrom("0", "1"), { maxLength: 300 }).map((bits) => bits.join(""));
const latin1 = fc.string({ unit: fc.nat(0xff).map((code) => String.fromCharCode(code)), maxLength: 200 });

type Simple = Exclude<Data, { type: "array" | "structure" | "compact-array" }>;
const of = <T extends Simple["type"]>(type: T, value: fc.Arbitrary<unknown>): fc.Arbitrary<Simple> =>
  value.map((one) => ({ type, value: one }) as unknown as Simple);

const simpleData = {
  "null-data": fc.constant<Simple>({ type: "null-data" }),
  "dont-care": fc.constant<Simple>({ type: "dont-care" }),
  boolean: of("boolean", fc.boolean()),
  "bit-string": of("bit-string", bitText),
  "octet-string": of("octet-string", fc.uint8Array({ maxLength: 300 })),
  "visible-string": of("visible-string", latin1),
  "utf8-string": of("utf8-string", fc.string({ unit: "grapheme", maxLength: 60 })),
  integer: of("integer", signed(8)),
  long: of("long", signed(16)),
  "double-long": of("double-long", signed(32)),
  unsigned: of("unsigned", unsigned(8)),
  "long-unsigned": of("long-unsigned", unsigned(16)),
  "double-long-unsigned": of("double-long-unsigned", unsigned(32)),
  enum: of("enum", unsigned(8)),
  bcd: of("bcd", unsigned(8)),
  long64: of("long64", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  "long64-unsigned": of("long64-unsigned", fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  float32: of("float32", fc.float()),
  float64: of("float64", fc.double()),
  "date-time": of("date-time", cosemDateTime),
  date: of("date", cosemDate),
  time: of("time", cosemTime),
  "delta-integer": of("delta-integer", signed(8)),
  "delta-long": of("delta-long", signed(16)),
  "delta-double-long": of("delta-double-long", signed(32)),
  "delta-unsigned": of("delta-unsigned", unsigned(8)),
  "delta-long-unsigned": of("delta-long-unsigned", unsigned(16)),
  "delta-double-long-unsigned": of("delta-double-long-unsigned", unsigned(32)),
} as const;

const names = Object.keys(simpleData) as (keyof typeof simpleData)[];

const { description } = fc.letrec<{ description: TypeDescription; item: TypeDescription }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.constantFrom(...names).map((type) => ({ type })),
    tie("description"),
  ),
  description: fc.oneof(
    // Not null-data or dont-care: items without octets cannot be counted.
    fc.constantFrom(...names.filter((name) => name !== "null-data" && name !== "dont-care")).map((type) => ({ type })),
    fc.record({
      type: fc.constant("array" as const),
      count: fc.integer({ min: 1, max: 3 }),
      element: fc.constantFrom<TypeDescription>({ type: "unsigned" }, { type: "bit-string" }),
    }),
    fc
      .array(tie("item"), { maxLength: 4 })
      .map((items) => ({ type: "structure" as const, elements: [...items, { type: "integer" as const }] })),
  ),
}));

function dataAs(contents: TypeDescription): fc.Arbitrary<Data> {
  switch (contents.type) {
    case "array":
      return fc
        .array(dataAs(contents.element), { minLength: contents.count, maxLength: contents.count })
        .map((value) => ({ type: "array", value }));
    case "structure":
      return fc
        .tuple(...contents.elements.map((element) => dataAs(element)))
        .map((value) => ({ type: "structure", value }));
    default:
      return simpleData[contents.type];
  }
}

export const compactArray: fc.Arbitrary<Data> = description.chain((contents) =>
  fc.array(dataAs(contents), { maxLength: 5 }).map((value): Data => ({ type: "compact-array", contents, value })),
);

/** Any Data. */
export const anyData: fc.Arbitrary<Data> = fc.letrec<{ data: Data }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    ...Object.values(simpleData),
    compactArray,
    fc.array(tie("data"), { maxLength: 6 }).map((value): Data => ({ type: "array", value })),
    fc.array(tie("data"), { maxLength: 6 }).map((value): Data => ({ type: "structure", value })),
  ),
})).data;
