import type { ApduQuirk } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type CryptoProvider, noble } from "@dlmskit/security";
import { Decipherer, type DecipherKeys } from "./decipher.ts";
import { decodeHdlc } from "./hdlc.ts";
import type { Item } from "./item.ts";
import { decodeMbus } from "./mbus.ts";
import { decodeDataSource, decodePdu } from "./pdu.ts";
import { Session } from "./session.ts";
import { Source } from "./source.ts";
import { decodeWrapper } from "./wrapper.ts";

/** The layers that octets can be taken as. */
export const layers = ["hdlc", "wrapper", "mbus", "apdu", "data"] as const;
export type LayerName = (typeof layers)[number];

export interface DecoderOptions {
  /** What the octets are; found out unless told. */
  readonly layer?: LayerName | undefined;
  /** What to decipher with; without keys ciphered APDUs stay closed. */
  readonly keys?: DecipherKeys | undefined;
  /** What to take of what only real meters send. */
  readonly quirks?: readonly ApduQuirk[] | undefined;
  /** Where the cryptography comes from; `noble`, which runs in every JavaScript host, unless given. */
  readonly provider?: CryptoProvider | undefined;
}

function attempt(decode: () => Item): Item {
  try {
    return decode();
  } catch (caught) {
    if (caught instanceof Fault) return { fault: caught };
    throw caught;
  }
}

/** Data tags that an APDU has, too: read as Data where that fits to the last octet. */
const lastDataTag = 33;
const readRequest = 0x05;

/** The frames of a stream with noise before its first flag; undefined when there are none. */
function framesIn(source: Source, session: Session): Item[] | undefined {
  if (!source.octets.includes(0x7e)) return undefined;
  const frames = decodeHdlc(source, session);
  return frames.some(({ json }) => json !== undefined) ? frames : undefined;
}

function decodeUnknown(source: Source, session: Session): Item[] {
  const { octets } = source;
  const [first, second] = octets;
  if (first === 0x7e) return decodeHdlc(source, session);
  if (first === 0 && second === 1) return decodeWrapper(source, session);
  if (first === 0x68 && octets[3] === 0x68 && second === octets[2]) return decodeMbus(source, session);
  const apdu = (): Item => attempt(() => decodePdu(source, session));
  const data = (): Item => attempt(() => decodeDataSource(source));
  if (first === undefined || (first > lastDataTag && first !== 0xff)) {
    const item = apdu();
    return (item.json === undefined ? framesIn(source, session) : undefined) ?? [item];
  }
  // A double-long of five octets can be a ReadRequest of one short name as well; whoever decodes means the request.
  const order = first === readRequest ? [apdu, data] : [data, apdu];
  const faults: Fault[] = [];
  for (const decode of order) {
    const item = decode();
    if (item.json !== undefined) return [item];
    if (item.fault !== undefined) faults.push(item.fault);
  }
  // The reading that came further is the likelier one.
  faults.sort((one, other) => (other.offset ?? 0) - (one.offset ?? 0));
  return framesIn(source, session) ?? [{ fault: faults[0] as Fault }];
}

/**
 * Explains octets in the order of their coming: frames, PDUs, APDUs, Data. It remembers from one call to the next what
 * later octets need: system titles and dedicated keys, blocks and segments of what is not whole yet. A decoder for each
 * connection or recording.
 */
export class Decoder {
  readonly #layer: LayerName | undefined;
  readonly #session: Session;

  constructor(options: DecoderOptions = {}) {
    const { layer, keys = {}, quirks = [], provider = noble } = options;
    this.#layer = layer;
    this.#session = new Session(new Decipherer(keys, provider), quirks);
  }

  /**
   * What the octets are, several items for a stream; offsets are those in `octets`. Never throws for any octets: what
   * cannot be read is a Fault in its place.
   */
  decode(octets: Uint8Array): Item[] {
    const session = this.#session;
    const source = Source.of(octets);
    if (octets.length === 0)
      return [{ fault: new Fault("truncated", "there are no octets", { layer: "capture", offset: 0 }) }];
    switch (this.#layer) {
      case undefined:
        return decodeUnknown(source, session);
      case "hdlc":
        return decodeHdlc(source, session);
      case "wrapper":
        return decodeWrapper(source, session);
      case "mbus":
        return decodeMbus(source, session);
      case "apdu":
        return [attempt(() => decodePdu(source, session))];
      case "data":
        return [attempt(() => decodeDataSource(source))];
    }
  }
}

/** Explains octets that stand alone: `new Decoder(options).decode(octets)`. */
export function decodeOctets(octets: Uint8Array, options: DecoderOptions = {}): Item[] {
  return new Decoder(options).decode(octets);
}
