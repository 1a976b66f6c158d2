import { asObject, badJson, type Codec, decode, Fault, fromHex, inRange, type Json, toHex, u16 } from "@dlmskit/core";

/** Octets of the wrapper header. */
export const headerOctets = 8;
/** The only version of the wrapper. */
export const wrapperVersion = 1;

/** A wrapper protocol data unit (IEC 62056-47 5.3): the wPorts of source and destination, and the PDU. */
export interface Wpdu {
  readonly source: number;
  readonly destination: number;
  /** 0 to 65535 octets. */
  readonly pdu: Uint8Array;
}

/**
 * The codec of a WPDU, for octets and JSON; `pdu` is a view when read. Faults when reading: `bad-version`, `truncated`;
 * when writing: `pdu-too-long`, `out-of-range`.
 */
export const Wpdu: Codec<Wpdu> = {
  read(from) {
    const start = from.at;
    if (from.observer === undefined) {
      const version = from.u16();
      if (version !== wrapperVersion) throw wrongVersion(version, start);
      const source = from.u16();
      const destination = from.u16();
      return { source, destination, pdu: from.take(from.u16()) };
    }
    const field = <T>(name: string, read: () => T): T => {
      from.observer?.enter(name, from.at);
      const value = read();
      from.observer?.leave(from.at, value);
      return value;
    };
    const version = field("version", () => from.u16());
    if (version !== wrapperVersion) throw wrongVersion(version, start);
    const source = field("source", () => from.u16());
    const destination = field("destination", () => from.u16());
    const length = field("length", () => from.u16());
    return { source, destination, pdu: field("pdu", () => from.take(length)) };
  },
  write({ source, destination, pdu }, to) {
    checkLength(pdu);
    to.u16(wrapperVersion);
    to.u16(inRange(source, 0, 0xffff));
    to.u16(inRange(destination, 0, 0xffff));
    to.u16(pdu.length);
    to.put(pdu);
  },
  toJson: ({ source, destination, pdu }) => ({
    layer: "wrapper",
    source,
    destination,
    length: pdu.length,
    pdu: toHex(pdu),
  }),
  fromJson(json: Json) {
    const { layer, source, destination, length, pdu, ...rest } = asObject(json);
    const extra = Object.keys(rest)[0];
    if (extra !== undefined) throw new Fault("bad-json", `"${extra}" does not belong in a WPDU`);
    if (layer !== undefined && layer !== "wrapper") throw badJson('the layer "wrapper"', layer);
    if (typeof pdu !== "string") throw badJson("hex as pdu", pdu);
    const octets = fromHex(pdu);
    if (length !== undefined && length !== octets.length) throw badJson(`the length ${octets.length}`, length);
    return {
      source: u16.fromJson(source as Json),
      destination: u16.fromJson(destination as Json),
      pdu: octets,
    };
  },
};

function wrongVersion(version: number, offset: number): Fault {
  return new Fault("bad-version", `wrapper version ${version}`, { layer: "wrapper", offset });
}

/** Decodes one WPDU; the octets must hold nothing else. Faults `bad-version`, `truncated`, `trailing-octets`. */
export function decodeWpdu(octets: Uint8Array): Wpdu {
  return decode(Wpdu, octets, { layer: "wrapper" });
}

function checkLength(pdu: Uint8Array): void {
  if (pdu.length <= 0xffff) return;
  throw new Fault("pdu-too-long", `a PDU of ${pdu.length} octets is longer than 65535`, { layer: "wrapper" });
}

function put16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}

/** The octets of a WPDU. Faults `pdu-too-long`, `out-of-range`. */
export function encodeWpdu(wpdu: Wpdu): Uint8Array {
  const { source, destination, pdu } = wpdu;
  checkLength(pdu);
  // A codec would write into a buffer that is copied afterwards; here the length is known.
  const octets = new Uint8Array(headerOctets + pdu.length);
  put16(octets, 0, wrapperVersion);
  put16(octets, 2, inRange(source, 0, 0xffff));
  put16(octets, 4, inRange(destination, 0, 0xffff));
  put16(octets, 6, pdu.length);
  octets.set(pdu, headerOctets);
  return octets;
}
