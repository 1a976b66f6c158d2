import { Fault, fromHex } from "@dlmskit/core";
import { Assembler } from "../assembler.ts";
import type { CaptureRecord } from "../record.ts";
import { shapeOf } from "../shape.ts";
import { continues, type DumpLine, dumpLine, dumpOctets, isDumpEnd } from "./dump.ts";
import { latin1Octets } from "./encodings.ts";
import { jsonOctets } from "./json.ts";
import { base64Octets, literalOctets } from "./literals.ts";
import { leadingTime, logLine } from "./log-line.ts";
import { type Written, writtenOctets } from "./tokens.ts";

const none = new Uint8Array(0);
const fits = (octets: Uint8Array): boolean => shapeOf(octets) === "whole";
const comment = /^(?:#|\/\/|;|\/\*[\s\S]*\*\/\s*$)/;
const punctuation = /^[\s{}[\]();,'"`]*$/;

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\//g, " ")
    .replace(/(?<=\s|[;,}])(?:#(?![0-9a-f]{2}\b)|\/\/|;\s).*$/i, "")
    .trim();
}

/** The octets of one line in any of the known notations. Fault `bad-hex`. */
function lineOctets(text: string): Pick<CaptureRecord, "octets" | "notation" | "time" | "direction" | "guesses">[] {
  const made = ({ octets, notation, guess }: Written, more: Partial<CaptureRecord> = {}, ...guesses: string[]) => ({
    octets,
    notation,
    ...more,
    guesses: [...guesses, ...(guess === undefined ? [] : [guess])],
  });
  const literal = literalOctets(text);
  if (literal !== undefined) return [made(literal)];
  const json = jsonOctets(text, fits);
  if (json !== undefined) return json.map((one) => made(one));
  const { time, rest } = leadingTime(withoutComments(text));
  const bare = rest;
  let odd: unknown;
  try {
    const written = writtenOctets(bare, fits);
    if (written !== undefined) {
      return [time === undefined ? made(written) : made(written, { time }, "the time before the octets is ignored")];
    }
  } catch (caught) {
    odd = caught;
  }
  const base64 = base64Octets(bare);
  if (base64 !== undefined && fits(base64.octets)) return [made(base64)];
  const logged = odd === undefined ? logLine(bare) : undefined;
  const found = logged === undefined ? undefined : writtenOctets(logged.octets, fits);
  if (logged !== undefined && found !== undefined) {
    const { octets: _, ...marks } = logged;
    return [made(found, { ...(time === undefined ? {} : { time }), ...marks }, "text around the octets is ignored")];
  }
  throw odd ?? noOctets(text);
}

const empty = (): Fault => new Fault("truncated", "the text has no octets", { layer: "capture", offset: 0 });

function noOctets(text: string): Fault {
  const [digit] = /[^0-9a-f\s:,x-]/i.exec(text) ?? ["an odd digit"];
  return new Fault("bad-hex", `the text has no octets: ${JSON.stringify(digit)} is not a hex digit`, {
    layer: "capture",
    offset: 0,
  });
}

/** Whether an unreadable line was probably meant as octets. */
function isMeant(text: string): boolean {
  const letters = text.replace(/\s/g, "");
  return letters.replace(/[^0-9a-f]/gi, "").length * 4 > letters.length * 3;
}

/** Whether a line is hex that ends inside an octet: it can only be joined with the next line as text. */
const isHalf = (text: string): boolean => /^[0-9a-f]+$/i.test(text) && text.length % 2 !== 0;

/** Whether hex is complete without the line before it. */
const isWhole = (text: string): boolean => text.length % 2 === 0 && text.length > 8 && fits(fromHex(text));

export interface CaptureReaderOptions {
  /** Whether an empty line gives a record without octets and with Fault `truncated`; otherwise it is skipped. */
  readonly emptyLines?: boolean;
}

/**
 * Finds the octets in the lines of a text in many notations: dumps, logs, literals, lists. A record is given as soon as its
 * end is certain.
 */
export class CaptureReader {
  readonly #emptyLines: boolean;
  readonly #assembler = new Assembler();
  #line = 0;
  #dump: { readonly line: number; readonly lines: (DumpLine | "*")[]; readonly texts: string[] } | undefined;
  #half: { readonly line: number; readonly text: string } | undefined;
  #block: { readonly line: number; text: string; readonly ends: (text: string) => boolean } | undefined;

  constructor(options: CaptureReaderOptions = {}) {
    this.#emptyLines = options.emptyLines ?? false;
  }

  /** Adds a line. Gives the records that end with it. */
  push(given: string): CaptureRecord[] {
    this.#line++;
    const text = given.replace(/^\uFEFF/, "").replace(/\r$/, "");
    return this.#inBlock(text) ?? this.#inDump(text) ?? this.#single(text);
  }

  /** The records that wait for more lines. */
  end(): CaptureRecord[] {
    return [...this.#endBlock(), ...this.#endDump(), ...this.#endHalf(), ...this.#assembler.end()];
  }

  #inBlock(text: string): CaptureRecord[] | undefined {
    const block = this.#block;
    if (block === undefined) {
      const ends = blockEnd(text);
      if (ends === undefined || this.#dump !== undefined || this.#half !== undefined) return undefined;
      this.#block = { line: this.#line, text, ends };
      return ends(text) ? this.#endBlock() : [];
    }
    block.text += `\n${text}`;
    return block.ends(block.text) || block.text.length > 1 << 20 ? this.#endBlock() : [];
  }

  #endBlock(): CaptureRecord[] {
    const block = this.#block;
    this.#block = undefined;
    if (block === undefined) return [];
    if (block.text.startsWith("/")) {
      const octets = latin1Octets(block.text.replace(/\r?\n/g, "\r\n").replace(/(![0-9a-f]{4})$/i, "$1\r\n"));
      return this.#out({ octets, notation: "P1 telegram", line: block.line, guesses: [] });
    }
    const found = jsonOctets(block.text, fits);
    if (found !== undefined) {
      return found.flatMap((one) => this.#out({ ...one, line: block.line, guesses: [] }));
    }
    // The text is not a document: its lines are read separately.
    const line = this.#line;
    const records = block.text.split("\n").flatMap((text, at) => {
      this.#line = block.line + at;
      return this.#inDump(text) ?? this.#single(text);
    });
    this.#line = line;
    return records;
  }

  #inDump(text: string): CaptureRecord[] | undefined {
    const dump = this.#dump;
    const line = dumpLine(text);
    if (dump === undefined) {
      if (line === undefined || line.offset !== 0 || !line.certain) return undefined;
      const before = [...this.#endHalf(), ...this.#assembler.end()];
      this.#dump = { line: this.#line, lines: [line], texts: [text] };
      return before;
    }
    if (text.trim() === "*") {
      dump.lines.push("*");
      return [];
    }
    if (line !== undefined && continues(dump.lines, line)) {
      dump.lines.push(line);
      return [];
    }
    if (isDumpEnd(text)) return this.#endDump();
    return [...this.#endDump(), ...(this.#inDump(text) ?? this.#single(text))];
  }

  #endDump(): CaptureRecord[] {
    const dump = this.#dump;
    this.#dump = undefined;
    if (dump === undefined) return [];
    const octets = dumpOctets(dump.lines);
    const swapped = dump.lines.some((one) => one !== "*" && one.swapped);
    const guesses = ["the number at the start of a line is taken as its offset"];
    if (swapped) guesses.push("words are taken with the low octet first");
    return this.#out({ octets, notation: "dump", line: dump.line, guesses });
  }

  #endHalf(): CaptureRecord[] {
    const half = this.#half;
    this.#half = undefined;
    return half === undefined ? [] : this.#read(half.text, half.line);
  }

  #single(text: string): CaptureRecord[] {
    const trimmed = text.trim();
    if (trimmed === "") {
      if (!this.#emptyLines || this.#assembler.waiting || this.#half !== undefined) return [];
      return [{ octets: none, notation: "hex", line: this.#line, guesses: [], fault: empty() }];
    }
    if (comment.test(trimmed) || punctuation.test(trimmed)) return [];
    const half = this.#half;
    if (half !== undefined) {
      const joined = half.text + trimmed;
      if (/^[0-9a-f]+$/i.test(trimmed) && !isWhole(trimmed)) {
        this.#half = undefined;
        if (isHalf(joined)) {
          this.#half = { line: half.line, text: joined };
          return [];
        }
        return this.#read(joined, half.line, "lines are joined within an octet");
      }
      return [...this.#endHalf(), ...this.#single(text)];
    }
    if (isHalf(trimmed) && trimmed.length > 2) {
      this.#half = { line: this.#line, text: trimmed };
      return [];
    }
    return this.#read(trimmed, this.#line);
  }

  #read(text: string, line: number, ...guesses: string[]): CaptureRecord[] {
    try {
      return lineOctets(text).flatMap((one) => this.#out({ ...one, line, guesses: [...guesses, ...one.guesses] }));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      const prose = isMeant(text) ? {} : { prose: true as const };
      return this.#out({ octets: none, notation: "hex", line, guesses: [], fault: caught, ...prose });
    }
  }

  #out(record: CaptureRecord): CaptureRecord[] {
    const { octets, fault } = record;
    if (octets.length > 0 || fault !== undefined) return this.#assembler.push(record);
    return this.#assembler.push({ ...record, fault: empty() });
  }
}

/** The test for the end of a document that starts with this line: the `!` of a P1 telegram, the last bracket of JSON. */
function blockEnd(text: string): ((text: string) => boolean) | undefined {
  if (/^\/[A-Za-z]{3}[0-9A-Za-z]\S*\s*$/.test(text)) return (all) => /(?:^|\n)![0-9a-f]{0,4}\s*$/i.test(all);
  if (/^\s*(?:\{\s*(?:"|$)|\[\s*$)/.test(text)) return balanced;
  return undefined;
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.replace(/"(?:[^"\\]|\\.)*"/g, "").matchAll(/[[\]{}]/g)) {
    depth += bracket === "{" || bracket === "[" ? 1 : -1;
  }
  return depth <= 0;
}
