import { readFileSync } from "node:fs";
import { Fault } from "@dlmskit/core";
import { type KeysFile, parseKeysFile } from "@dlmskit/simulator";
import { warnIfReadable } from "./private-file.ts";

/** The text of a file; undefined if it does not exist. Fault `no-such-file` if it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
}

/** The keys file of `--keys`. Faults `no-such-file`, `bad-keys-file`, which contain none of its values. */
export function readKeysFile(path: string): KeysFile {
  const text = readText(path);
  if (text === undefined) throw unreadable(path);
  warnIfReadable(path);
  return parseKeysFile(text);
}

function unreadable(path: string, cause?: unknown): Fault {
  return new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli", cause });
}
