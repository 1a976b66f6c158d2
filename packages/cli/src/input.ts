import { existsSync, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { Fault, fromHex } from "@dlmskit/core";

/** Octets as people write them: hex digits with or without spaces, `:`, `-`, `,` or `0x` between them. Fault `bad-hex`. */
export function octetsOf(text: string): Uint8Array {
  return fromHex(text.replace(/\b0x/gi, "").replace(/[\s:,-]+/g, ""));
}

/** Whether a text can only be meant as octets. */
function isHex(text: string): boolean {
  return /^[\s:,-]*(?:(?:0x)?[0-9a-f]{2}[\s:,-]*)+$/i.test(text);
}

/** One input: its text, or the octets themselves where a file holds them raw. */
export type Input = string | Uint8Array;

export interface Inputs {
  readonly inputs: AsyncIterable<Input> | Iterable<Input>;
  /** Several inputs may come: each is answered in its place. */
  readonly many: boolean;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The octets of a file; Fault `no-such-file` names what was looked for. */
function readFile(path: string): Uint8Array {
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new Fault("no-such-file", `"${path}" is neither hex nor a file`, {
      layer: "cli",
      hint: "give octets in hex, a file, or - for standard input",
    });
  }
  return readFileSync(path);
}

const isText = (octets: Uint8Array): boolean =>
  octets.every((octet) => octet === 9 || octet === 10 || octet === 13 || (octet >= 0x20 && octet < 0x7f));

/** The lines of standard input, each as soon as it is there. */
function standardInput(): AsyncIterable<string> {
  return createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}

/** What `[HEX|FILE|-]` means. Hex may be spread over several arguments; none at all is standard input. Fault `no-such-file`. */
export function hexInputs(given: readonly string[]): Inputs {
  const [first] = given;
  if (first === undefined || (first === "-" && given.length === 1)) return { inputs: standardInput(), many: true };
  const text = given.join(" ");
  if (isHex(text) && !(given.length === 1 && existsSync(text))) return { inputs: [text], many: false };
  if (given.length > 1) {
    const [digits] = /[^0-9a-f\s:,x-]/i.exec(text) ?? ["an odd digit"];
    throw new Fault("bad-hex", `the octets are not hex: ${digits}`, { layer: "cli" });
  }
  // An odd number of digits is a slip of the pen, not the name of a file.
  if (/^[0-9a-f\s:,-]+$/i.test(text) && !existsSync(text)) return { inputs: [text], many: false };
  const octets = readFile(text);
  if (!isText(octets)) return { inputs: [octets], many: false };
  const lines = linesOf(new TextDecoder().decode(octets));
  return { inputs: lines, many: lines.length > 1 };
}

/** What `[FILE|-]` means for JSON and XML: a document a line, or one document over all lines. */
export function jsonInputs(given: string | undefined): Inputs {
  if (given === undefined || given === "-") return { inputs: standardDocuments(), many: true };
  if (/^\s*[[{<]/.test(given)) return { inputs: [given], many: false };
  const text = new TextDecoder().decode(readFile(given));
  if (parses(text) || opensXml(text.split("\n", 1)[0] ?? "")) return { inputs: [text], many: false };
  const lines = linesOf(text);
  return { inputs: lines, many: lines.length > 1 };
}

/** A line that only opens a bracket starts a document that is spread over lines. */
async function* standardDocuments(): AsyncIterable<string> {
  let held: string | undefined;
  for await (const line of standardInput()) {
    if (held === undefined && (/^\s*[[{]\s*$/.test(line) || opensXml(line))) {
      held = line;
      continue;
    }
    if (held === undefined) {
      yield line;
      continue;
    }
    held += `\n${line}`;
    if (!(closesXml(held) || (/^\s*[\]}]\s*$/.test(line) && parses(held)))) continue;
    yield held;
    held = undefined;
  }
  if (held !== undefined) yield held;
}

/** A line that opens an XML element and does not close it. */
function opensXml(line: string): boolean {
  return /^\s*<[^>]*>\s*$/.test(line) && !/\/>\s*$/.test(line);
}

function closesXml(text: string): boolean {
  const root = /^\s*<([\w.-]+)/.exec(text)?.[1];
  return root !== undefined && text.trimEnd().endsWith(`</${root}>`);
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
