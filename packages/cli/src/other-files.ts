import { type BigIntStats, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Fault } from "@dlmskit/core";
import type { Command } from "commander";

/** Options whose file is written. That of --identities is written by dlms simulate, and read by others. */
const written: readonly string[] = ["record", "pcap", "output", "newKeys"];

/** The names of arguments that may be files; others are hosts and names of objects. */
const mayBeFile = /file|hex|value|parameters/;

/** A file that is named on the command line. */
interface Named {
  readonly path: string;
  /** The option or argument, as a user writes it. */
  readonly where: string;
  readonly isWritten: boolean;
}

/** The path of a file that need not exist, without links in its folder. */
function placeOf(path: string): string {
  const whole = resolve(path);
  try {
    return join(realpathSync(dirname(whole)), basename(whole));
  } catch {
    return whole;
  }
}

/** What a path names; undefined: no file, as that of a value which is too long for a path. */
function fileAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map(fileAt);
  if (first === undefined) return second === undefined && placeOf(one) === placeOf(other);
  return first.isFile() && first.ino === second?.ino && first.dev === second.dev;
}

const texts = (value: unknown): readonly string[] => [value].flat().filter((one) => typeof one === "string");

function filesOf(command: Command): readonly Named[] {
  const values: { readonly [name: string]: unknown } = command.opts();
  const outputs = command.name() === "simulate" ? [...written, "identities"] : written;
  const ofOptions = command.options.flatMap((option): readonly Named[] => {
    const name = option.attributeName();
    const isWritten = outputs.includes(name);
    if (!isWritten && !option.flags.includes("<file>") && name !== "template") return [];
    return texts(values[name]).map((path) => ({ path, where: option.long ?? option.flags, isWritten }));
  });
  const ofArguments = command.registeredArguments.flatMap((argument, at): readonly Named[] => {
    if (!mayBeFile.test(argument.name())) return [];
    const given = argument.variadic ? command.args.slice(at) : texts(command.args[at]);
    return given.map((text) => ({ path: text.replace(/^@/, ""), where: argument.name(), isWritten: false }));
  });
  return [...ofOptions, ...ofArguments];
}

/** Fault `bad-option` if a command would write over a file that another option or an argument names, which would destroy it. */
export function expectOtherFiles(command: Command): void {
  const files = filesOf(command);
  for (const output of files) {
    if (!output.isWritten) continue;
    const other = files.find((one) => one !== output && isSameFile(output.path, one.path));
    if (other === undefined) continue;
    throw new Fault("bad-option", `${output.where} would write over the file of ${other.where}`, {
      layer: "cli",
      hint: "give another file",
    });
  }
}
