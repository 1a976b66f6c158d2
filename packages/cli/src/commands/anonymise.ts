import { writeFileSync } from "node:fs";
import { Fault, fromAscii } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { platformRandom } from "@dlmskit/server";
import { anonymiseRecord, parseRecord } from "@dlmskit/simulator";
import type { Command } from "commander";
import { readTextFile } from "../capture-input.ts";
import { io } from "../io.ts";
import { readKeysFile } from "../keys-file.ts";
import { narrowFile } from "../private-file.ts";

interface AnonymiseCommandOptions {
  readonly output: string;
  readonly keys?: string;
  readonly newKeys?: string;
  readonly also?: readonly string[];
  readonly json?: boolean;
}

function write(path: string, text: string): void {
  try {
    narrowFile(path);
    writeFileSync(path, text, { mode: 0o600 });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("not-written", `the file ${path} could not be written`, { layer: "cli", cause });
  }
}

function anonymise(path: string, { output, keys, newKeys, also = [], json }: AnonymiseCommandOptions): void {
  const made = anonymiseRecord(parseRecord(readTextFile(path)), {
    ...{ secret: platformRandom(32), provider: node, also: also.map(fromAscii) },
    ...(keys === undefined ? {} : { keys: readKeysFile(keys) }),
  });
  write(output, made.text);
  if (newKeys !== undefined) write(newKeys, made.keys);
  const { identities, left } = made;
  const rest = left === 0 ? "" : `, ${left} APDUs that the keys do not open were left out`;
  io().stdout.write(
    json
      ? `${JSON.stringify({ file: output, identities, left })}\n`
      : `${output}: ${identities} identities replaced${rest}\n`,
  );
}

/** `dlms anonymise`: a record without identity. */
export function anonymiseCommand(program: Command): void {
  program
    .command("anonymise")
    .description("takes serial numbers, names, system titles, passwords, keys and addresses out of a record")
    .argument("<file>", "a record of dlms simulate --record")
    .requiredOption("-o, --output <file>", "the new record")
    .option("--keys <file>", "the keys of the clients, JSON: needed if sessions are ciphered")
    .option("--new-keys <file>", "writes the keys of the new record, for dlms replay")
    .option(
      "--also <text>",
      "another text to replace, such as a customer's number; may be repeated",
      (one: string, all: string[] = []) => [...all, one],
    )
    .option("--json", "prints one JSON document")
    .addHelpText(
      "after",
      "\nExample: dlms anonymise day.jsonl --keys keys.json -o shared.jsonl --new-keys shared-keys.json",
    )
    .action((path: string, options: AnonymiseCommandOptions) => anonymise(path, options));
}
