import { asText, type Codec } from "./codec.ts";
import { Fault } from "./fault.ts";

/** An OBIS code, the six value groups A to F as `"1.0.1.8.0.255"`. */
export type LogicalName = string;

const pattern = /^(\d{1,3})[.-](\d{1,3})[.:](\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*&](\d{1,3}))?$/;

/** Reads `1.0.1.8.0.255`, `1-0:1.8.0.255`, `1-0:1.8.0*255` or `1-0:1.8.0`; gives the dotted form. Fault `bad-logical-name`. */
export function logicalName(text: string): LogicalName {
  const groups = pattern
    .exec(text.trim())
    ?.slice(1)
    .map((group) => (group === undefined ? 255 : Number(group)));
  if (groups === undefined || groups.some((group) => group > 255)) {
    throw new Fault("bad-logical-name", `"${text}" is not an OBIS code`, {
      hint: "six numbers 0 to 255, as in 1.0.1.8.0.255",
    });
  }
  return groups.join(".");
}

/** The six octets of a logical name. */
export function logicalNameOctets(name: LogicalName): Uint8Array {
  return Uint8Array.from(logicalName(name).split("."), Number);
}

// A meter has a few hundred names and every request carries one: the text of each is made once.
const known = new Map<number, LogicalName>();
const knownAtMost = 4096;

/** The logical name of six octets. Fault `bad-length` for any other number of octets. */
export function logicalNameOf(octets: Uint8Array): LogicalName {
  if (octets.length !== 6) throw new Fault("bad-length", `a logical name has 6 octets, not ${octets.length}`);
  const [a, b, c, d, e, f] = octets as unknown as [number, number, number, number, number, number];
  const key = ((a << 16) | (b << 8) | c) * 0x1000000 + ((d << 16) | (e << 8) | f);
  let name = known.get(key);
  if (name === undefined) {
    name = `${a}.${b}.${c}.${d}.${e}.${f}`;
    if (known.size >= knownAtMost) known.clear();
    known.set(key, name);
  }
  return name;
}

/** Six octets, without tag or length: the logical name in a descriptor. */
export const LogicalName: Codec<LogicalName> = {
  read: (from) => logicalNameOf(from.take(6)),
  write(value, to) {
    to.put(logicalNameOctets(value));
  },
  toJson: (value) => value,
  fromJson: (json) => logicalName(asText(json)),
};
