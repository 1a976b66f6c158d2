import { readdirSync, readFileSync } from "node:fs";
import { toHex } from "@dlmskit/core";
import { expect, it } from "vitest";
import { readCapture } from "../src/read.ts";

const folder = new URL("forms/", import.meta.url);
const frame = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000016f02020f00161b601b7e";

it.each(readdirSync(folder))("%s is the frame", (name) => {
  const records = readCapture(readFileSync(new URL(name, folder)));
  expect(records.map(({ octets }) => toHex(octets))).toEqual([frame]);
});
