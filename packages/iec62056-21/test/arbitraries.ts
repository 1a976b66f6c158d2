import { Fault } from "@dlmskit/core";
import fc from "fast-check";
import { expect } from "vitest";
import type { DataSet, Identification } from "../src/index.ts";

/** The Fault that a call must raise. */
export function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (caught) {
    expect(caught).toBeInstanceOf(Fault);
    return caught as Fault;
  }
  throw new Error("there was no Fault");
}

const printable = Array.from({ length: 0x5f }, (_, at) => String.fromCharCode(0x20 + at));
const text = (without: string, maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(...printable.filter((character) => !without.includes(character))),
    minLength,
    maxLength,
  });

const letters = fc.string({ unit: fc.constantFrom(..."ABCXYZabcxyz"), minLength: 3, maxLength: 3 });

export const anyIdentification: fc.Arbitrary<Identification> = fc.record({
  manufacturer: letters,
  baudRate: text("/!\\", 1, 1),
  enhanced: text("/!\\ ", 2),
  identification: text("/!\\", 16),
});

const anyValue = fc.record({ value: text("()*!/", 32), unit: text("()*!/", 16) }, { requiredKeys: ["value"] });

export const anyDataSet: fc.Arbitrary<DataSet> = fc.record({
  address: text("()!/ ", 16, 1),
  values: fc.array(anyValue, { minLength: 1, maxLength: 3 }),
});
