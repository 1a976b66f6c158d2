import { InvalidArgumentError } from "commander";

/** A whole number in a range, for an option. */
export const numberOption =
  (low: number, high: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= low && number <= high) return number;
    throw new InvalidArgumentError(`a whole number from ${low} to ${high} is wanted`);
  };

export const portOption = numberOption(0, 65535);

/** Octets in hex, `low` to `high` of them; the message never shows what was given: it may be a key. */
export const hexOption =
  (low: number, high = low) =>
  (text: string): string => {
    const octets = text.length / 2;
    if (/^(?:[0-9a-fA-F]{2})*$/.test(text) && octets >= low && octets <= high) return text.toLowerCase();
    throw new InvalidArgumentError(`${low === high ? low : `${low} to ${high}`} octets in hex are wanted`);
  };
