import { readdirSync, readFileSync } from "node:fs";
import { toHex } from "@dlmskit/core";
import { expect, it } from "vitest";
import { explainCapture } from "../src/explain.ts";
import { itemJson } from "../src/item.ts";
import { readCapture } from "../src/read.ts";

const folder = new URL("../../../test-vectors/forms/", import.meta.url);
const frame = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000016f02020f00161b601b7e";

const forms = readdirSync(folder);
const documents = (input: string | Uint8Array) => explainCapture(input).flatMap(({ items }) => items.map(itemJson));

it("has the forms", () => expect(forms.length).toBeGreaterThan(25));

it.each(forms)("F13, F14, F16: %s is the frame, and is explained as it", (name) => {
  const file = readFileSync(new URL(name, folder));
  expect(readCapture(file).map(({ octets }) => toHex(octets))).toEqual([frame]);
  expect(documents(file)).toEqual(documents(frame));
});
