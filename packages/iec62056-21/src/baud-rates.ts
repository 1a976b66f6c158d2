import { Fault } from "@dlmskit/core";

/** The baud rates of the digits Z in the identification message and the option select message (clause 6.3.14.5). */
const digits: readonly number[] = [300, 600, 1200, 2400, 4800, 9600, 19200];
const letters = "ABCDEF";

/** The protocol mode of a baud rate identification: a letter A to F is mode B, a digit 0 to 6 is C (or E), any other is A. */
export type ReadoutMode = "A" | "B" | "C";

export function modeOf(baudRate: string): ReadoutMode {
  if (/^[A-F]$/.test(baudRate)) return "B";
  return /^[0-6]$/.test(baudRate) ? "C" : "A";
}

/** The baud rate of Z: `"5"` and `"E"` are 9600. Mode A always has 300. */
export function baudRateOf(baudRate: string): number {
  const mode = modeOf(baudRate);
  if (mode === "A") return 300;
  return digits[mode === "C" ? Number(baudRate) : letters.indexOf(baudRate) + 1] as number;
}

/** The character Z for a baud rate: `"0"` to `"6"` in modes C and E, `"A"` to `"F"` in mode B. Fault `bad-baud-rate`. */
export function baudRateCharacter(rate: number, mode: "B" | "C" = "C"): string {
  const index = digits.indexOf(rate);
  const character = index < 0 ? undefined : mode === "C" ? String(index) : letters[index - 1];
  if (character !== undefined) return character;
  throw new Fault("bad-baud-rate", `mode ${mode} cannot change to ${rate} baud`, {
    layer: "iec62056-21",
    hint: `use one of ${digits.slice(mode === "C" ? 0 : 1).join(", ")}`,
  });
}

/** The transmission time of octets at a baud rate, with 10 bits per octet, in ms. */
export const lineTime = (octets: number, baudRate: number): number => Math.ceil((octets * 10_000) / baudRate);
