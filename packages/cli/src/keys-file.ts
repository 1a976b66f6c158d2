import { readFileSync } from "node:fs";
import { Fault } from "@dlmskit/core";
import { type KeysFile, parseKeysFile } from "@dlmskit/simulator";

/** The keys file of `--keys`. Faults `no-such-file`, `bad-keys-file`; no value of it is ever shown. */
export function readKeysFile(path: string): KeysFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault("no-such-file", `the keys file ${path} cannot be read`, { layer: "cli", cause });
  }
  return parseKeysFile(text);
}
