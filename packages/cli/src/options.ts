import { Fault } from "@dlmskit/core";
import { InvalidArgumentError } from "commander";

/** Parses an option's value as a whole number in a range. */
export const numberOption =
  (low: number, high: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= low && number <= high) return number;
    throw new InvalidArgumentError(`give a whole number from ${low} to ${high}`);
  };

export const portOption = numberOption(0, 65535);

/**
 * Parses octets in hex, `low` to `high` of them. Fault `bad-option` without the given text, which may be a key
 * (commander's InvalidArgumentError would show it).
 */
export const hexOption =
  (name: string, low: number, high = low) =>
  (text: string): string => {
    const octets = text.length / 2;
    if (/^(?:[0-9a-fA-F]{2})*$/.test(text) && octets >= low && octets <= high) return text.toLowerCase();
    const wanted = `${low === high ? low : `${low} to ${high}`} octets in hex`;
    throw new Fault("bad-option", `${name} takes ${wanted}`, { layer: "cli" });
  };
