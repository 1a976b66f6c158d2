import { asText, type Codec } from "./codec.ts";
import { Fault } from "./fault.ts";
import { inlined } from "./inline.ts";
import { byFunctions } from "./inline-parts.ts";

/** An OBIS code: the six value groups A to F as `"1.0.1.8.0.255"`. */
export type LogicalName = string;

// A meter has a few hundred logical names, and every request contains one. Their texts and octets are therefore cached.
const knownAtMost = 4096;
const knownTexts = new Map<string, LogicalName>();
const known = new Map<number, LogicalName>();
const knownOctets = new Map<LogicalName, Uint8Array>();

const pattern = /^(\d{1,3})[.-](\d{1,3})[.:](\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*&](\d{1,3}))?$/;

/** Parses `1.0.1.8.0.255`, `1-0:1.8.0.255`, `1-0:1.8.0*255` or `1-0:1.8.0`. Returns the dotted form. Fault `bad-logical-name`. */
export function logicalName(text: string): LogicalName {
  let name = knownTexts.get(text);
  if (name === undefined) {
    name = parsed(text);
    // The new text, not the given one, which may be a part of a large one.
    if (name !== text) return name;
    if (knownTexts.size >= knownAtMost) knownTexts.clear();
    knownTexts.set(name, name);
  }
  return name;
}

function parsed(text: string): LogicalName {
  const groups = pattern
    .exec(text.trim())
    ?.slice(1)
    .map((group) => (group === undefined ? 255 : Number(group)));
  if (groups === undefined || groups.some((group) => group > 255)) {
    throw new Fault("bad-logical-name", `"${text}" is not an OBIS code`, {
      hint: "give six numbers from 0 to 255, as in 1.0.1.8.0.255",
    });
  }
  return groups.join(".");
}

/** The six octets of a logical name. */
export function logicalNameOctets(name: LogicalName): Uint8Array {
  return Uint8Array.from(logicalName(name).split("."), Number);
}

function logicalNameAt(octets: Uint8Array, at: number): LogicalName {
  const [a, b, c] = [octets[at] as number, octets[at + 1] as number, octets[at + 2] as number];
  const [d, e, f] = [octets[at + 3] as number, octets[at + 4] as number, octets[at + 5] as number];
  const key = ((a << 16) | (b << 8) | c) * 0x1000000 + ((d << 16) | (e << 8) | f);
  let name = known.get(key);
  if (name === undefined) {
    name = `${a}.${b}.${c}.${d}.${e}.${f}`;
    if (known.size >= knownAtMost) known.clear();
    known.set(key, name);
  }
  return name;
}

/** The logical name of six octets. Fault `bad-length` for any other number of octets. */
export function logicalNameOf(octets: Uint8Array): LogicalName {
  if (octets.length !== 6) throw new Fault("bad-length", `a logical name has 6 octets, not ${octets.length}`);
  return logicalNameAt(octets, 0);
}

/** Writes the name at an offset. Returns false if the text is not a logical name, or is not in the cache yet. */
function putLogicalName(name: LogicalName, octets: Uint8Array, at: number): boolean {
  const own = knownOctets.get(name);
  if (own === undefined) return false;
  for (let step = 0; step < 6; step++) octets[at + step] = own[step] as number;
  return true;
}

/** Six octets, without tag or length: the logical name in a descriptor. */
export const LogicalName: Codec<LogicalName> = inlined<Codec<LogicalName>>(
  {
    read: (from) => logicalNameOf(from.take(6)),
    write(value, to) {
      let octets = knownOctets.get(value);
      if (octets === undefined) {
        if (typeof value !== "string") throw new Fault("type-unmatched", "expected a logical name as text");
        octets = logicalNameOctets(value);
        if (knownOctets.size >= knownAtMost) knownOctets.clear();
        knownOctets.set(value, octets);
      }
      to.put(octets);
    },
    toJson: (value) => value,
    fromJson: (json) => logicalName(asText(json)),
  },
  byFunctions(6, logicalNameAt, putLogicalName),
);
