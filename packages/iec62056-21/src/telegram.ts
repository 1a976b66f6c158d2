import { Fault, fromAscii, toLatin1 } from "@dlmskit/core";
import { crc16 } from "./check-values.ts";
import { lineEnd } from "./control-characters.ts";
import { decodeLines, encodeLines } from "./data-block.ts";
import type { DataSet } from "./data-set.ts";
import { decodeIdentification, encodeIdentification, type Identification } from "./sign-on.ts";

/** A telegram of mode D or of a DSMR meter on P1: identification, an empty line, data sets, `!`, a check value. */
export interface Telegram {
  readonly identification: Identification;
  readonly dataSets: readonly DataSet[];
  /** Whether a CRC follows the `!`, as in DSMR from version 4 on. */
  readonly crc: boolean;
}

const layer = "iec62056-21";

const crcText = (octets: Uint8Array): string => crc16(octets).toString(16).toUpperCase().padStart(4, "0");

/** Decodes a telegram. Faults `bad-message`, `bad-data-set`, `truncated`, `crc-mismatch`, `trailing-octets`. */
export function decodeTelegram(octets: Uint8Array): Telegram {
  const text = toLatin1(octets);
  const lf = text.indexOf("\n");
  const identification = decodeIdentification(octets.subarray(0, lf < 0 ? octets.length : lf + 1));
  const { dataSets, end } = decodeLines(text, lf < 0 ? text.length : lf + 1);
  const [behind = "", given = ""] = /^!([0-9A-Fa-f]{4})?[\r\n]*/.exec(text.slice(end)) ?? [];
  if (end + behind.length < text.length) {
    throw new Fault("trailing-octets", "the ! is not followed by a CRC", { layer, offset: end + 1 });
  }
  const calculated = crcText(octets.subarray(0, end + 1));
  if (given !== "" && given.toUpperCase() !== calculated) {
    throw new Fault("crc-mismatch", `the CRC is ${given}, calculated ${calculated}`, {
      layer,
      offset: end + 1,
      hint: "wait for the next telegram; check the line if this happens again",
    });
  }
  return { identification, dataSets, crc: given !== "" };
}

/** The octets of a telegram. Fault `bad-value`. */
export function encodeTelegram({ identification, dataSets, crc }: Telegram): Uint8Array {
  const head = toLatin1(encodeIdentification(identification)) + lineEnd;
  const text = head + encodeLines(dataSets);
  if (!crc) return fromAscii(text);
  const counted = text.slice(0, -lineEnd.length);
  return fromAscii(counted + crcText(fromAscii(counted)) + lineEnd);
}
