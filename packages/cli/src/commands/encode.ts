import { encodeJson, encodeXmlDocument } from "@dlmskit/capture";
import { Fault, type Json, toHex } from "@dlmskit/core";
import type { Command } from "commander";
import { jsonInputs } from "../input.ts";
import { io } from "../io.ts";
import { errorColours } from "../output/colours.ts";
import { faultJson } from "../output/fault.ts";

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (caught) {
    throw new Fault("bad-json", `it is not JSON: ${(caught as Error).message}`, { layer: "cli" });
  }
}

interface EncodeOptions {
  readonly json?: boolean;
  readonly decimal?: boolean;
}

function encoded(text: string, { decimal }: EncodeOptions): readonly Uint8Array[] {
  if (!/^\s*</.test(text.replace(/^\uFEFF/, ""))) return [encodeJson(parse(text))];
  const { encoded, notes } = encodeXmlDocument(text, { decimal });
  for (const note of notes) io().stderr.write(`${errorColours().dim("note")}: ${note}\n`);
  return encoded;
}

async function encode(given: string | undefined, options: EncodeOptions): Promise<void> {
  const { inputs, many } = jsonInputs(given);
  for await (const input of inputs) {
    try {
      for (const hex of encoded(input, options).map(toHex)) {
        io().stdout.write(options.json ? `${JSON.stringify({ hex })}\n` : `${hex}\n`);
      }
    } catch (caught) {
      if (!(caught instanceof Fault) || !many) throw caught;
      // Write the Fault as the answer of its input, so that the lines stay in order.
      io().stdout.write(faultJson(caught));
      io().exitCode = 1;
    }
  }
}

/** `dlms encode`: the octets of a JSON form. */
export function encodeCommand(program: Command): void {
  program
    .command("encode")
    .description("encodes the output of dlms decode --json or --xml as octets in hex")
    .argument("[file]", "a file with one document, or with one document per line; - for standard input")
    .option("--decimal", "reads the numbers in XML as decimal; default: only those that cannot be hex")
    .option("--json", 'prints one JSON document per line: {"hex": "…"}')
    .addHelpText("after", `\nExample: echo '{"type": "long-unsigned", "value": 230}' | dlms encode -`)
    .action((file: string | undefined, options: EncodeOptions) => encode(file, options));
}
