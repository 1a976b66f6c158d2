import type { Data } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { StatusMapping } from "../classes/data/status-mapping.ts";
import type { Values } from "../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type StatusValues = Values<typeof StatusMapping>;
type StatusWord = StatusValues["statusWord"];
type MappingTable = StatusValues["mappingTable"];

// The size in octets of each number type that a status word may have.
const sizes = { unsigned: 1, "long-unsigned": 2, "double-long-unsigned": 4, "long64-unsigned": 8 } as const;

/** The bits of a status word, the leading bit first, as a text of 0 and 1. */
export function statusBits(word: StatusWord): string {
  const data = word as Data;
  switch (data.type) {
    case "bit-string":
      return data.value;
    case "octet-string":
      return bitsOf(data.value);
    case "visible-string":
      return bitsOf(Uint8Array.from(data.value, (character) => character.charCodeAt(0)));
    case "utf8-string":
      return bitsOf(new TextEncoder().encode(data.value));
    case "unsigned":
    case "long-unsigned":
    case "double-long-unsigned":
    case "long64-unsigned":
      return BigInt(data.value)
        .toString(2)
        .padStart(sizes[data.type] * 8, "0");
    default:
      throw refuse("other-reason", `a status word is no ${data.type}`);
  }
}

const bitsOf = (octets: Uint8Array): string => [...octets].map((octet) => octet.toString(2).padStart(8, "0")).join("");

/** The entry of the reference table for a bit (0 is the leading one); undefined: there is none. */
export const statusEntry = ({ refTableMapping }: MappingTable, bit: number): number | undefined =>
  typeof refTableMapping === "number" ? refTableMapping + bit : refTableMapping[bit];

/** The entries of the reference table whose bits are set, in the order of the bits. */
export function statusEntries({ statusWord, mappingTable }: Readonly<StatusValues>): readonly number[] {
  const entries = [...statusBits(statusWord)].map((bit, at) =>
    bit === "1" ? statusEntry(mappingTable, at) : undefined,
  );
  return entries.filter((entry) => entry !== undefined);
}

/**
 * The status word with the bit of an entry set or cleared, in the same type (a bit-string, an octet-string or a number). Throws
 * other-reason: there is no bit for the entry, or the word is a text.
 */
export function withStatusEntry(
  { statusWord, mappingTable }: Readonly<StatusValues>,
  entry: number,
  on: boolean,
): StatusWord {
  const bits = [...statusBits(statusWord)];
  const at = bits.findIndex((_, bit) => statusEntry(mappingTable, bit) === entry);
  if (at < 0) throw refuse("other-reason", `no bit of the status word stands for entry ${entry}`);
  bits[at] = on ? "1" : "0";
  const text = bits.join("");
  const data = statusWord as Data;
  switch (data.type) {
    case "bit-string":
      return { type: "bit-string", value: text };
    case "octet-string":
      return {
        type: "octet-string",
        value: data.value.map((_, octet) => Number.parseInt(text.slice(octet * 8, octet * 8 + 8), 2)),
      };
    case "long64-unsigned":
      return { type: "long64-unsigned", value: BigInt(`0b${text}`) };
    case "unsigned":
    case "long-unsigned":
    case "double-long-unsigned":
      return { type: data.type, value: Number.parseInt(text, 2) };
    default:
      throw refuse("other-reason", "bits of a text are not set one by one");
  }
}

export interface StatusMappingOptions {
  readonly statusWord: StatusWord;
  /** The number of the reference table that defines the meaning of the entries. */
  readonly table: number;
  /** A number m: bit i means entry m + i. A list: bit i means the entry in place i of the list. */
  readonly mapping: number | readonly number[];
}

/** A status word whose bits refer to entries of a reference table (class 63; Blue Book 4.3.9). */
export function statusMapping(
  instance: LogicalName,
  { statusWord, table, mapping }: StatusMappingOptions,
  hooks: Hooks<typeof StatusMapping> = {},
): CosemObject<typeof StatusMapping> {
  const refTableMapping = typeof mapping === "number" ? mapping : [...mapping];
  return object(StatusMapping, instance, { statusWord, mappingTable: { refTableId: table, refTableMapping } }, hooks);
}
