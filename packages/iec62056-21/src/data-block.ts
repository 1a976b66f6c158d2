import { concat, Fault, fromAscii, toLatin1 } from "@dlmskit/core";
import { blockCheck } from "./check-values.ts";
import { ETX, lineEnd, STX } from "./control-characters.ts";
import { type DataSet, decodeLine, encodeDataSet } from "./data-set.ts";

const layer = "iec62056-21";

/** The data sets of lines of text, up to the line `!`. Faults `bad-data-set`, `truncated`, with the offset in the text. */
export function decodeLines(text: string, start = 0): { readonly dataSets: DataSet[]; readonly end: number } {
  const dataSets: DataSet[] = [];
  for (let at = start; at < text.length; ) {
    if (text[at] === "!") return { dataSets, end: at };
    const lf = text.indexOf("\n", at);
    const line = text.slice(at, lf < 0 ? text.length : lf).replace(/\r$/, "");
    // The end mark may also follow the last data set on the same line.
    const end = line.endsWith("!") ? at + line.length - 1 : undefined;
    try {
      dataSets.push(...decodeLine(end === undefined ? line : line.slice(0, -1)));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      // A line without a line end is incomplete.
      if (lf < 0) break;
      const { message, offset = 0, hint = "" } = caught;
      throw new Fault("bad-data-set", message, { layer, offset: at + offset, hint });
    }
    if (end !== undefined) return { dataSets, end };
    at = lf < 0 ? text.length : lf + 1;
  }
  throw new Fault("truncated", "the data do not end with !", {
    layer,
    offset: text.length,
    hint: "read on up to the ! and what follows it",
  });
}

/** The text of data sets: one line for each data set, and the line `!`. Fault `bad-value`. */
export function encodeLines(dataSets: readonly DataSet[]): string {
  return [...dataSets.map(encodeDataSet), "!"].map((line) => line + lineEnd).join("");
}

/**
 * Decodes the data message of modes A to C (clause 6.3.4): STX, data sets, `!` CR LF, ETX, BCC. Faults `bad-message`,
 * `bcc-mismatch`, `bad-data-set`, `truncated`, `trailing-octets`.
 */
export function decodeDataMessage(octets: Uint8Array): DataSet[] {
  if (octets[0] !== STX) {
    throw new Fault("bad-message", "a data message must start with STX", {
      layer,
      offset: 0,
      hint: "wait for the next message",
    });
  }
  const etx = octets.indexOf(ETX);
  if (etx < 0 || etx + 1 >= octets.length) {
    throw new Fault("truncated", "a data message must end with ETX and its block check character", {
      layer,
      offset: octets.length,
      hint: "read on, or ask the meter again",
    });
  }
  if (etx + 2 < octets.length) {
    throw new Fault("trailing-octets", "octets follow the block check character", { layer, offset: etx + 2 });
  }
  const check = blockCheck(octets, 1, etx + 1);
  if (octets[etx + 1] !== check) {
    throw new Fault("bcc-mismatch", `the block check character is ${octets[etx + 1]} instead of ${check}`, {
      layer,
      offset: etx + 1,
      hint: "ask for the message again with NAK; check data bits and parity of the line",
    });
  }
  return decodeLines(toLatin1(octets.subarray(0, etx)), 1).dataSets;
}

/** The octets of a data message. Fault `bad-value`. */
export function encodeDataMessage(dataSets: readonly DataSet[]): Uint8Array {
  const counted = concat(fromAscii(encodeLines(dataSets)), Uint8Array.of(ETX));
  return concat(Uint8Array.of(STX), counted, Uint8Array.of(blockCheck(counted)));
}
