import { readFileSync } from "node:fs";
import { type Data, Data as DataCodec, type DataTree } from "@dlmskit/apdu";
import { CosemDateTime, dateTimeOf, encode, Fault, fromAscii, fromHex, type Json } from "@dlmskit/core";
import { isDay, momentIn, momentOf, zoneIn } from "../moment.ts";

/** The Data that a value on the command line may mean, smallest types first. */
type Candidates = readonly DataTree[];

const integers = [
  ["enum", 0, 0xff],
  ["unsigned", 0, 0xff],
  ["integer", -0x80, 0x7f],
  ["long-unsigned", 0, 0xffff],
  ["long", -0x8000, 0x7fff],
  ["double-long-unsigned", 0, 0xffff_ffff],
  ["double-long", -0x8000_0000, 0x7fff_ffff],
  ["bcd", 0, 0x99],
] as const;
const longs = [
  ["long64-unsigned", 0n, (1n << 64n) - 1n],
  ["long64", -(1n << 63n), (1n << 63n) - 1n],
] as const;

function numbers(text: string): Candidates {
  const found: DataTree[] = [];
  if (/^[+-]?\d+$/.test(text)) {
    const exact = BigInt(text);
    const value = Number(exact);
    for (const [type, low, high] of integers) if (value >= low && value <= high) found.push({ type, value });
    for (const [type, low, high] of longs) if (exact >= low && exact <= high) found.push({ type, value: exact });
  }
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) {
    found.push({ type: "float32", value: Number(text) }, { type: "float64", value: Number(text) });
  }
  return found;
}

/** Whether the octets of a time depend on the zone of the meter. */
function needsZone(text: string): boolean {
  const time = momentOf(text);
  return isDay(time) || (typeof time === "number" && zoneIn(text) === undefined);
}

function times(text: string, zoneMinutesEast: number): Candidates {
  const time = momentOf(text);
  if (time === undefined) return [];
  const moment = momentIn(time, zoneMinutesEast);
  // COSEM counts a deviation in minutes from local time to UTC.
  const deviation = 0 - (zoneIn(text) ?? zoneMinutesEast);
  const value = typeof moment === "number" ? dateTimeOf(moment, deviation) : { ...moment, status: 0 };
  const octets = encode(CosemDateTime, value);
  return [
    { type: "octet-string", value: octets },
    { type: "date-time", value },
    { type: "octet-string", value: octets.slice(0, 5) },
  ];
}

function texts(text: string): Candidates {
  const hex = /^hex:((?:[0-9a-f]{2})*)$/i.exec(text)?.[1];
  if (hex !== undefined) return [{ type: "octet-string", value: fromHex(hex) }];
  const found: DataTree[] = [];
  if (/^[ -~]*$/.test(text)) {
    found.push({ type: "octet-string", value: fromAscii(text) }, { type: "visible-string", value: text });
  }
  found.push({ type: "utf8-string", value: text });
  if (/^[01]+$/.test(text)) found.push({ type: "bit-string", value: text });
  return found;
}

/** Every Data that the plain value may mean. */
function candidatesOf(text: string, zoneMinutesEast: number): Candidates {
  if (text === "true" || text === "false") return [{ type: "boolean", value: text === "true" }, ...texts(text)];
  if (text === "null") return [{ type: "null-data" }];
  const named = /^\d+-\d+:|^\d+(?:\.\d+){5}$/.test(text) ? logicalNameOctets(text) : [];
  return [...numbers(text), ...times(text, zoneMinutesEast), ...named, ...texts(text)];
}

function logicalNameOctets(text: string): Candidates {
  const parts = /^(\d+)[-.](\d+)[:.](\d+)\.(\d+)\.(\d+)[.*](\d+)$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return [];
  return [{ type: "octet-string", value: Uint8Array.from(parts) }];
}

function parsed(text: string): DataTree | undefined {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  const isData = typeof json === "object" && json !== null && !Array.isArray(json) && "type" in json;
  return isData ? (DataCodec.fromJson(json) as DataTree) : undefined;
}

export interface PlainOptions {
  /** Whether the attribute accepts this Data. */
  readonly takes: (data: DataTree) => boolean;
  /** The type of the attribute's current value in the meter; undefined if it cannot be read. */
  readonly currentType: () => Promise<Data["type"] | undefined>;
  /** The zone of the meter's local time, minutes east of UTC: for `now`, `today`, `-7d` and their like. */
  readonly zone: () => Promise<number>;
  /** Name of what is written, for the message of a Fault. */
  readonly what: string;
}

/**
 * Parses a value of the command line as Data: its JSON form, or a plain value (`900`, `true`, `now`, a time, a text, `hex:…`,
 * `@file`) of the type that the attribute has. Faults `bad-json`, `type-unmatched`, `bad-option` if the type cannot be found out.
 */
export async function plainValue(given: string, { takes, currentType, zone, what }: PlainOptions): Promise<DataTree> {
  if (given.startsWith("@")) {
    const octets = new Uint8Array(readFileSync(given.slice(1)));
    const json = parsed(new TextDecoder().decode(octets));
    return json ?? { type: "octet-string", value: octets };
  }
  if (/^\s*\{/.test(given)) {
    const json = parsed(given);
    if (json !== undefined) return json;
    throw new Fault("bad-json", "the value is not Data in the JSON form", {
      layer: "cli",
      hint: '{"type": "double-long-unsigned", "value": 42}, or a plain value such as 42',
    });
  }
  const fitting = candidatesOf(given, needsZone(given) ? await zone() : 0).filter(takes);
  const [first] = fitting;
  if (first === undefined) {
    throw new Fault("type-unmatched", `${what} cannot be ${JSON.stringify(given)}`, {
      layer: "cli",
      hint: 'give a value of the attribute\'s type, or Data in the JSON form: {"type": "long-unsigned", "value": 900}',
    });
  }
  if (new Set(fitting.map(({ type }) => type)).size === 1) return first;
  // The class allows several types: use that of the meter's current value.
  const type = await currentType();
  const found = fitting.find((data) => data.type === type);
  if (found !== undefined) return found;
  throw new Fault(
    type === undefined ? "bad-option" : "type-unmatched",
    type === undefined
      ? `the type of ${what} is not known, and its value cannot be read`
      : `${what} is ${type}, not ${JSON.stringify(given)}`,
    { layer: "cli", hint: `give the type in the JSON form: ${JSON.stringify(DataCodec.toJson(first))}` },
  );
}
