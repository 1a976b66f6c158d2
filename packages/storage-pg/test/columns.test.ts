import { fields, shape } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { parametersOf, recordsOf, timestampOf } from "../src/columns.ts";

const { bits, boolean, decimal, instant, integer, json, list, octets, optional, text } = fields;

describe("what a column is written as", () => {
  const row = {
    ...{ number: 7, wh: 1.25, name: "a", key: Uint8Array.of(1, 0xab), mask: 0x7fffffffffffffffn, at: 1 },
    ...{ given: { a: 1 }, on: true, names: ["b", "c"] },
  };
  const of = shape("rows", {
    ...{ number: integer(), wh: decimal(6, 2), name: text(10), key: octets(2), mask: bits, at: instant },
    ...{ given: json((value) => value), on: boolean, names: list(text(5), 3), absent: optional(bits) },
  });
  const written = {
    ...{ number: 7, wh: "1.25", name: "a", mask: "9223372036854775807", at: timestampOf(1) },
    ...{ given: '{"a":1}', on: true, names: '["b","c"]', absent: null },
  };

  it("is text for what drivers hand over in different ways", () => {
    expect(parametersOf(of, row)).toEqual(Object.keys(of.fields).map((name) => ({ ...written, key: row.key })[name]));
  });

  it("is JSON for many rows at once", () => {
    expect(JSON.parse(recordsOf(of, [row, row]))).toEqual([
      { ...written, key: "01ab" },
      { ...written, key: "01ab" },
    ]);
  });
});
