import { createInterface } from "node:readline";
import { readTextFile } from "./capture-input.ts";
import { io } from "./io.ts";

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
  return createInterface({ input: io().stdin, crlfDelay: Number.POSITIVE_INFINITY });
}

/** What `[FILE|-]` means for JSON and XML: a document a line, or documents over several lines. */
export function jsonInputs(given: string | undefined): Inputs {
  if (given === undefined || given === "-") return { inputs: standardDocuments(), many: true };
  if (/^\s*[[{<]/.test(given)) return { inputs: [given], many: false };
  const text = readTextFile(given);
  if (parses(text)) return { inputs: [text], many: false };
  const splitter = new DocumentSplitter();
  const documents = [...linesOf(text).flatMap((line) => splitter.push(line)), ...splitter.end()];
  return { inputs: documents, many: documents.length > 1 };
}

async function* standardDocuments(): AsyncIterable<string> {
  const splitter = new DocumentSplitter();
  for await (const line of standardInput()) yield* splitter.push(line);
  yield* splitter.end();
}

/** Longest document that is waited for, in characters: a bracket that never closes must not hold everything. */
const longestDocument = 1 << 24;

/** Puts documents together that are spread over lines: XML up to the end of its root, JSON up to its last bracket. */
class DocumentSplitter {
  #held: string | undefined;
  #depth = 0;

  /** The documents that this line ends. */
  push(line: string): string[] {
    const text = this.#held === undefined ? line.replace(/^\uFEFF/, "") : line;
    // JSON that begins on a line with something else is a document of that line, whole or not.
    if (this.#held === undefined && !/^\s*(?:<|[[{]\s*$)/.test(text)) return [line];
    this.#depth += /^\s*</.test(this.#held ?? text) ? xmlDepth(text) : jsonDepth(text);
    this.#held = this.#held === undefined ? text : `${this.#held}\n${text}`;
    // A declaration or a comment alone starts what follows.
    const isOpen = this.#depth > 0 || !/[^\s]/.test(this.#held.replace(/<\?[^>]*\?>|<!--[\s\S]*?(?:-->|$)/g, ""));
    return isOpen && this.#held.length < longestDocument ? [] : this.end();
  }

  /** What never ended. */
  end(): string[] {
    const held = this.#held;
    this.#held = undefined;
    this.#depth = 0;
    return held === undefined || held.trim() === "" ? [] : [held];
  }
}

/** Elements that a line opens, less those that it closes. */
function xmlDepth(line: string): number {
  let depth = 0;
  for (const [tag] of line.replace(/<!--.*?-->/g, "").matchAll(/<[/A-Za-z_](?:[^<>"']|"[^"]*"|'[^']*')*>/g)) {
    if (tag.startsWith("</")) depth--;
    else if (!tag.endsWith("/>")) depth++;
  }
  return depth;
}

function jsonDepth(line: string): number {
  let depth = 0;
  for (const [bracket] of line.replace(/"(?:[^"\\]|\\.)*"/g, "").matchAll(/[[\]{}]/g)) {
    depth += bracket === "{" || bracket === "[" ? 1 : -1;
  }
  return depth;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
