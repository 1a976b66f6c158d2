import { afterEach, expect, it } from "vitest";
import { decode, encode, setCompilation, u8 } from "../src/index.ts";
import { compiled, type FixedInline } from "../src/internal.ts";

afterEach(() => setCompilation(true));

/** A codec whose program, unlike the codec, reads and writes one more: it tells which of the two ran. */
const telling = () => {
  const more: FixedInline = {
    octets: 1,
    read: (_, at) => ({ tests: [], value: `o[${at}] + 1` }),
    write: (_, value, at) => ({ tests: [], puts: [`o[${at}] = ${value} + 1;`] }),
  };
  const codec = compiled({ ...u8 }, more);
  return () => [decode(codec, Uint8Array.of(7)), encode(codec, 7)[0]];
};

it("makes programs of codecs that are used enough, and uses none while it is off", () => {
  const both = telling();
  for (let at = 0; at < 31; at++) expect(both()).toEqual([7, 7]);
  expect(both()).toEqual([8, 8]);
  setCompilation(false);
  expect(both()).toEqual([7, 7]);
  setCompilation(true);
  expect(both()).toEqual([8, 8]);
});

it("makes none while it is off, however often a codec is used", () => {
  const both = telling();
  setCompilation(false);
  for (let at = 0; at < 100; at++) expect(both()).toEqual([7, 7]);
  setCompilation(true);
  for (let at = 0; at < 31; at++) expect(both()).toEqual([7, 7]);
  expect(both()).toEqual([8, 8]);
});

it("goes on without programs where the platform refuses, and tries no second time", () => {
  const { Function: make } = globalThis;
  let attempts = 0;
  globalThis.Function = function refuse() {
    attempts++;
    throw new EvalError("code generation from strings disallowed for this context");
  } as unknown as FunctionConstructor;
  try {
    for (const both of [telling(), telling()]) for (let at = 0; at < 50; at++) expect(both()).toEqual([7, 7]);
  } finally {
    globalThis.Function = make;
  }
  expect(attempts).toBe(1);
});
