import { createInterface } from "node:readline";
import { readInputFile } from "./capture-input.ts";

export interface Inputs {
  readonly inputs: AsyncIterable<string> | Iterable<string>;
  /** Several inputs may come: each is answered in its place. */
  readonly many: boolean;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The lines of standard input, each as soon as it is there. */
function standardInput(): AsyncIterable<string> {
  return createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}

/** What `[FILE|-]` means for JSON and XML: a document a line, or one document over all lines. */
export function jsonInputs(given: string | undefined): Inputs {
  if (given === undefined || given === "-") return { inputs: standardDocuments(), many: true };
  if (/^\s*[[{<]/.test(given)) return { inputs: [given], many: false };
  const text = new TextDecoder().decode(readInputFile(given));
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
