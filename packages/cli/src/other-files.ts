import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Fault } from "@dlmskit/core";
import type { Command } from "commander";

/** Options whose file is written. That of --identities is written by dlms simulate, and read by others. */
const written = ["record", "pcap", "output", "newKeys"];
const read = ["keys", "identities", "import", "faults", "population", "template"];

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  if (first === undefined) return resolve(one) === resolve(other);
  return first.isFile() && first.ino === second?.ino && first.dev === second.dev;
}

/** Fault `bad-option` if an option of a command names the file of another one to be written, which would destroy it. */
export function expectOtherFiles(command: Command): void {
  const options: { readonly [name: string]: unknown } = command.opts();
  const outputs = command.name() === "simulate" ? [...written, "identities"] : written;
  for (const output of outputs) {
    for (const other of [...read, ...written]) {
      const [one, two] = [options[output], options[other]];
      if (output === other || typeof one !== "string" || typeof two !== "string" || !isSameFile(one, two)) continue;
      const flag = (name: string) => command.options.find((option) => option.attributeName() === name)?.long;
      throw new Fault("bad-option", `${flag(output)} would write over the file of ${flag(other)}`, {
        layer: "cli",
        hint: "give another file",
      });
    }
  }
}
