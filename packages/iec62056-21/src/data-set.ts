import { Fault } from "@dlmskit/core";
import { isPrintable } from "./control-characters.ts";

/** The content of one pair of brackets: a value, and its unit after the asterisk. */
export interface DataValue {
  readonly value: string;
  readonly unit?: string;
}

/** A data set (clause 6.5): `1.8.0(000123.4*kWh)`. An address may have several values, as in profiles and in DSMR. */
export interface DataSet {
  /** The identification code, usually an OBIS code as text; empty for a value that belongs to the previous data set. */
  readonly address: string;
  readonly values: readonly DataValue[];
}

const layer = "iec62056-21";
/** The maximum length of a line. It limits the memory use; no meter sends longer lines. */
const longestLine = 4096;

function bracketed(inside: string): DataValue {
  const at = inside.lastIndexOf("*");
  return at < 0 ? { value: inside } : { value: inside.slice(0, at), unit: inside.slice(at + 1) };
}

/** The data sets of one line. Fault `bad-data-set` with the offset in the line. */
export function decodeLine(line: string): DataSet[] {
  const wrong = (message: string, offset: number): Fault =>
    new Fault("bad-data-set", message, { layer, offset, hint: "expected address(value*unit)" });
  if (line.length > longestLine) throw wrong(`a line of ${line.length} characters is too long`, longestLine);
  const dataSets: DataSet[] = [];
  let at = 0;
  while (at < line.length) {
    const open = line.indexOf("(", at);
    if (open < 0) throw wrong("a data set has no value", at);
    const address = line.slice(at, open);
    if (!isPrintable(address, ")!/ ")) throw wrong("an address contains a character that is not allowed", at);
    const values: DataValue[] = [];
    for (at = open; line[at] === "("; ) {
      const close = line.indexOf(")", at);
      const inside = line.slice(at + 1, close < 0 ? line.length : close);
      if (close < 0 || !isPrintable(inside, "("))
        throw wrong("a value has no end, or contains a character that is not printable", at);
      values.push(bracketed(inside));
      at = close + 1;
    }
    dataSets.push({ address, values });
  }
  return dataSets;
}

/** The text of a data set. Fault `bad-value` for characters that would change the meaning of the text. */
export function encodeDataSet({ address, values }: DataSet): string {
  if (!isPrintable(address, "()!/ ") || values.length === 0) {
    const hint = "use printable characters without ( ) ! / and spaces, and at least one value";
    throw new Fault("bad-value", `"${address}" with ${values.length} values is not a data set`, { layer, hint });
  }
  let text = address;
  for (const { value, unit } of values) {
    if (!isPrintable(value, "()*!/") || !isPrintable(unit ?? "", "()*!/")) {
      const hint = "use printable characters without ( ) * ! and /";
      throw new Fault("bad-value", `"${value}" cannot be the value of ${address || "a data set"}`, { layer, hint });
    }
    text += unit === undefined ? `(${value})` : `(${value}*${unit})`;
  }
  return text;
}

/** The letters that stand for a value of group C in a reduced identification code (IEC 62056-6-1, Annex A). */
const lettersOfC: { readonly [letter: string]: number } = { C: 96, F: 97, L: 98, P: 99 };

/** The value groups A and B for an address without them: electricity, no channel. */
const defaultMedium = { medium: 1, channel: 0 };

/**
 * The logical name of an address: `1-0:1.8.0*255`, `1-0:1.8.0`, or a reduced code such as `1.8.0`, `C.1.0` and `F.F`. Missing
 * groups A and B are taken from `missing`; a missing E is 0, a missing F is 255. Undefined for an address of any other form.
 */
export function logicalNameOf(address: string, missing = defaultMedium): string | undefined {
  const [whole, a, b, c = "", d = "", e = "0", f = "255"] =
    /^(?:(\d{1,3})-(\d{1,3}):)?(\d{1,3}|[CFLP])\.(\d{1,3}|F)(?:\.(\d{1,3}))?(?:[*.&](\d{1,3}))?$/.exec(address) ?? [];
  if (whole === undefined) return undefined;
  const isAbstract = lettersOfC[c] !== undefined;
  const groups = [
    Number(a ?? (isAbstract ? 0 : missing.medium)),
    Number(b ?? missing.channel),
    lettersOfC[c] ?? Number(c),
    lettersOfC[d] ?? Number(d),
    Number(e),
    Number(f),
  ];
  return groups.every((group) => group <= 0xff) ? groups.join(".") : undefined;
}
