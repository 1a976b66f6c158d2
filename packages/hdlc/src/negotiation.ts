import { asObject, badJson, Fault, inRange, type Json, Reader, Writer } from "@dlmskit/core";

/** The limits of one end of a link: octets of an information field (1 to 2030) and window sizes in frames (1 to 7). */
export interface Parameters {
  readonly maxInfoSend: number;
  readonly maxInfoReceive: number;
  readonly windowSend: number;
  readonly windowReceive: number;
}

/** The parameters that apply without a negotiation (6.4.4.4.3.2). */
export const defaultParameters: Parameters = { maxInfoSend: 128, maxInfoReceive: 128, windowSend: 1, windowReceive: 1 };
/** The maximum length of an information field that can be negotiated according to the standard. */
export const maxInfoLimit = 2030;

/** The information field of SNRM and UA, from the sender's point of view. An absent parameter has its default. */
export interface Negotiation {
  readonly maxInfoFieldLengthTransmit?: number;
  readonly maxInfoFieldLengthReceive?: number;
  readonly windowSizeTransmit?: number;
  readonly windowSizeReceive?: number;
}

const names = {
  5: "maxInfoFieldLengthTransmit",
  6: "maxInfoFieldLengthReceive",
  7: "windowSizeTransmit",
  8: "windowSizeReceive",
} as const satisfies Record<number, keyof Negotiation>;
const keys = Object.values(names);

/**
 * Reads the information field of SNRM or UA. Unknown parameters are skipped; a parameter of length 0 has its default.
 * Faults: `bad-format`, `bad-group`, `bad-length`, `truncated`.
 */
export function decodeNegotiation(octets: Uint8Array): Negotiation {
  const values: { -readonly [K in keyof Negotiation]: number } = {};
  if (octets.length === 0) return values;
  const from = new Reader(octets, { layer: "hdlc" });
  if (from.u8() !== 0x81) throw from.fault("bad-format", "the format identifier is not 0x81", 0);
  if (from.u8() !== 0x80) throw from.fault("bad-group", "the group identifier is not 0x80", 1);
  const length = from.u8();
  if (length !== from.remaining) {
    throw from.fault("bad-length", `the group length is ${length}, but ${from.remaining} octets follow`, 2);
  }
  while (from.remaining > 0) {
    const id = from.u8();
    const value = from.take(from.u8());
    const name = id in names ? names[id as keyof typeof names] : undefined;
    if (name === undefined || value.length === 0) continue;
    let number = 0;
    for (const octet of value) number = Math.min(number * 256 + octet, 0xffffffff);
    values[name] = number;
  }
  return values;
}

/** Writes the given parameters: lengths in one or two octets, window sizes in four. Fault `out-of-range`. */
export function encodeNegotiation(negotiation: Negotiation): Uint8Array {
  const group = new Writer(24);
  for (const [id, name] of Object.entries(names)) {
    const value = negotiation[name];
    if (value === undefined) continue;
    group.u8(Number(id));
    if (id === "7" || id === "8") {
      group.u8(4);
      group.u32(inRange(value, 0, 0xffffffff));
    } else if (inRange(value, 0, 0xffff) < 0x100) {
      group.u8(1);
      group.u8(value);
    } else {
      group.u8(2);
      group.u16(value);
    }
  }
  const to = new Writer(32);
  to.u16(0x8180);
  to.u8(group.length);
  to.put(group.view());
  return to.done();
}

/** The JSON form of a negotiation. */
export function negotiationToJson(negotiation: Negotiation): Json {
  return Object.fromEntries(keys.flatMap((key) => (negotiation[key] === undefined ? [] : [[key, negotiation[key]]])));
}

/** The negotiation of a JSON form. Fault `bad-json`. */
export function negotiationFromJson(json: Json): Negotiation {
  const given = asObject(json);
  const extra = Object.keys(given).find((key) => !(keys as string[]).includes(key));
  if (extra !== undefined) {
    throw new Fault("bad-json", `"${extra}" does not belong here`, { hint: `expected ${keys.join(", ")}` });
  }
  const values: { -readonly [K in keyof Negotiation]: number } = {};
  for (const key of keys) {
    const value = given[key];
    if (value === undefined) continue;
    if (typeof value !== "number") throw badJson(`a number as ${key}`, value);
    values[key] = value;
  }
  return values;
}

/** The parameters that the options of one end give. Fault `out-of-range` outside 1 to 2030 octets and 1 to 7 frames. */
export function ownParameters(options: Partial<Parameters>): Parameters {
  const own = {
    maxInfoSend: options.maxInfoSend ?? defaultParameters.maxInfoSend,
    maxInfoReceive: options.maxInfoReceive ?? defaultParameters.maxInfoReceive,
    windowSend: options.windowSend ?? defaultParameters.windowSend,
    windowReceive: options.windowReceive ?? defaultParameters.windowReceive,
  };
  inRange(own.maxInfoSend, 1, maxInfoLimit);
  inRange(own.maxInfoReceive, 1, maxInfoLimit);
  inRange(own.windowSend, 1, 7);
  inRange(own.windowReceive, 1, 7);
  return own;
}

/** Whether these are the default parameters. */
export function isDefault(own: Parameters): boolean {
  return (Object.keys(defaultParameters) as (keyof Parameters)[]).every(
    (name) => own[name] === defaultParameters[name],
  );
}

/** The negotiation that one end sends for its own parameters. */
export function negotiationOf(own: Parameters): Negotiation {
  return {
    maxInfoFieldLengthTransmit: own.maxInfoSend,
    maxInfoFieldLengthReceive: own.maxInfoReceive,
    windowSizeTransmit: own.windowSend,
    windowSizeReceive: own.windowReceive,
  };
}

// 0 octets in an information field and a window of 0 frames are not allowed (6.4.4.4.3.2): a parameter of 0 is handled as absent,
// // and its default applies.
const lower = (own: number, proposed: number | undefined, initial: number): number =>
  Math.min(own, proposed === undefined || proposed === 0 ? initial : proposed);

/**
 * The smaller of the value of this end and that of the peer; the transmit values of the peer are the receive values of this end.
 * A value of the peer that is absent or 0 counts as the default: the result is always at least 1 octet and 1 frame.
 */
export function negotiate(own: Parameters, peer: Negotiation): Parameters {
  return {
    maxInfoSend: lower(own.maxInfoSend, peer.maxInfoFieldLengthReceive, defaultParameters.maxInfoSend),
    maxInfoReceive: lower(own.maxInfoReceive, peer.maxInfoFieldLengthTransmit, defaultParameters.maxInfoReceive),
    windowSend: lower(own.windowSend, peer.windowSizeReceive, defaultParameters.windowSend),
    windowReceive: lower(own.windowReceive, peer.windowSizeTransmit, defaultParameters.windowReceive),
  };
}

/** Whether a UA has higher values than the SNRM proposed. The standard does not allow this. */
export function exceeds(own: Parameters, peer: Negotiation): boolean {
  return (
    (peer.maxInfoFieldLengthReceive ?? 0) > own.maxInfoSend ||
    (peer.maxInfoFieldLengthTransmit ?? 0) > own.maxInfoReceive ||
    (peer.windowSizeReceive ?? 0) > own.windowSend ||
    (peer.windowSizeTransmit ?? 0) > own.windowReceive
  );
}
