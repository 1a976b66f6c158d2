import { concat, Fault, fromAscii, toLatin1 } from "@dlmskit/core";
import { blockCheck } from "./check-values.ts";
import { ETX, isPrintable, SOH, STX } from "./control-characters.ts";
import { type DataSet, decodeLine, encodeDataSet } from "./data-set.ts";

/** A command message of the programming mode (clause 6.3.5): `P` password, `W` write, `R` read, `E` execute, `B` break. */
export interface ProgrammingCommand {
  readonly command: "P" | "W" | "R" | "E" | "B";
  /** The command type, 0 to 9; `B0` ends the communication. */
  readonly type: number;
  /** Absent with `B0`. */
  readonly dataSet?: DataSet;
}

const layer = "iec62056-21";

/** Encodes a command: SOH, command, type, STX, data set, ETX, BCC. Fault `bad-value`. */
export function encodeCommand({ command, type, dataSet }: ProgrammingCommand): Uint8Array {
  if (!/^[PWREB]$/.test(command) || !Number.isInteger(type) || type < 0 || type > 9) {
    const hint = "use P, W, R, E or B, and a digit";
    throw new Fault("bad-value", `"${command}${type}" is not a command of the programming mode`, { layer, hint });
  }
  const data = dataSet === undefined ? "" : String.fromCharCode(STX) + encodeDataSet(dataSet);
  const counted = concat(fromAscii(`${command}${type}${data}`), Uint8Array.of(ETX));
  return concat(Uint8Array.of(SOH), counted, Uint8Array.of(blockCheck(counted)));
}

/** Decodes a command. Faults `bad-message`, `bcc-mismatch`, `bad-data-set`. */
export function decodeCommand(octets: Uint8Array): ProgrammingCommand {
  const etx = octets.length - 2;
  const text = toLatin1(octets.subarray(1, Math.max(etx, 1)));
  const [, command, type] = /^([PWREB])(\d)/.exec(text) ?? [];
  const data = text.length === 2 ? undefined : text.slice(3);
  const isWhole = data === undefined || (octets[3] === STX && isPrintable(data));
  if (octets[0] !== SOH || octets[etx] !== ETX || command === undefined || !isWhole) {
    const hint = "expected SOH, command, type, STX, data set, ETX, BCC";
    throw new Fault("bad-message", "the octets are not a command message", { layer, hint });
  }
  const check = blockCheck(octets, 1, etx + 1);
  if (octets[etx + 1] !== check) {
    const hint = "ask for the message again with NAK; check data bits and parity of the line";
    throw new Fault("bcc-mismatch", `the block check character is ${octets[etx + 1]} instead of ${check}`, {
      layer,
      offset: etx + 1,
      hint,
    });
  }
  const [dataSet] = data === undefined ? [] : decodeLine(data);
  return {
    command: command as ProgrammingCommand["command"],
    type: Number(type),
    ...(dataSet === undefined ? {} : { dataSet }),
  };
}
