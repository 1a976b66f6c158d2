import { createInterface } from "node:readline";
import { readTextFile } from "./capture-input.ts";
import { io } from "./io.ts";

export interface Inputs {
  readonly inputs: AsyncIterable<string> | Iterable<string>;
  /** True if there may be several inputs. Each gets its own answer, in order. */
  readonly many: boolean;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The lines of standard input, each as soon as it arrives. */
function standardInput(): AsyncIterable<string> {
  return createInterface({ input: io().stdin, crlfDelay: Number.POSITIVE_INFINITY });
}

/** The JSON or XML documents of `[FILE|-]`: one per line, or each over several lines. */
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

/** Maximum length of a document, in characters: an unclosed bracket must not collect the whole input. */
const longestDocument = 1 << 24;

/** Joins the lines of a document: XML up to the end of its root element, JSON up to its last bracket. */
class DocumentSplitter {
  #held: string | undefined;
  #depth = 0;

  /** The documents that end with this line. */
  push(line: string): string[] {
    const text = this.#held === undefined ? line.replace(/^\uFEFF/, "") : line;
    // If JSON follows something else on the line, the line is one document, complete or not.
    if (this.#held === undefined && !/^\s*(?:<|[[{]\s*$)/.test(text)) return [line];
    this.#depth += /^\s*</.test(this.#held ?? text) ? xmlDepth(text) : jsonDepth(text);
    this.#held = this.#held === undefined ? text : `${this.#held}\n${text}`;
    // A declaration or a comment alone belongs to the document that follows.
    const isOpen = this.#depth > 0 || !/[^\s]/.test(this.#held.replace(/<\?[^>]*\?>|<!--[\s\S]*?(?:-->|$)/g, ""));
    return isOpen && this.#held.length < longestDocument ? [] : this.end();
  }

  /** The document that is not complete at the end of the input. */
  end(): string[] {
    const held = this.#held;
    this.#held = undefined;
    this.#depth = 0;
    return held === undefined || held.trim() === "" ? [] : [held];
  }
}

/** Number of elements that a line opens, minus the number that it closes. */
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
