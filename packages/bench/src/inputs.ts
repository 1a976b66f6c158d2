import { readFileSync } from "node:fs";
import { fromHex } from "@dlmskit/core";

interface Input {
  readonly name: string;
  readonly hex: string;
}

const inputs = JSON.parse(readFileSync(new URL("../inputs.json", import.meta.url), "utf8")) as readonly Input[];

/** The octets of an input of `inputs.json`. */
export function input(name: string): Uint8Array {
  const found = inputs.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no input ${name}`);
  return fromHex(found.hex);
}
