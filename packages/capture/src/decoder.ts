import { type ApduQuirk, ApduTag, DedTag, GloTag } from "@dlmskit/apdu";
import { Fault, Reader } from "@dlmskit/core";
import { type CryptoProvider, noble } from "@dlmskit/security";
import { Decipherer } from "./decipher.ts";
import { framed } from "./framed.ts";
import { decodeHdlc } from "./hdlc.ts";
import type { Item } from "./item.ts";
import { decodeMbus } from "./mbus.ts";
import type { DecipherKeys } from "./opened.ts";
import { decodeP1, isP1 } from "./p1.ts";
import { decodeDataSource, decodePdu } from "./pdu.ts";
import { Session } from "./session.ts";
import { behindLlc } from "./shape.ts";
import { Source } from "./source.ts";
import { decodeWireless, isWireless, withGloTag } from "./wireless.ts";
import { decodeWrapper } from "./wrapper.ts";

/** The layers as which octets can be decoded. */
export const layers = ["hdlc", "wrapper", "mbus", "apdu", "llc", "data", "p1"] as const;
export type LayerName = (typeof layers)[number];

export interface DecoderOptions {
  /** The layer of the octets; detected by default. */
  readonly layer?: LayerName | undefined;
  /** The keys for deciphering; without keys the content of ciphered APDUs is not decoded. */
  readonly keys?: DecipherKeys | undefined;
  /** Deviations of real meters from the standard to accept. */
  readonly quirks?: readonly ApduQuirk[] | undefined;
  /** Whether unverified plaintexts are shown, with `"verified": false` and `"notVerified"`. */
  readonly unverified?: boolean | undefined;
  /** The provider of cryptography; by default `noble`, which works in every JavaScript environment. */
  readonly provider?: CryptoProvider | undefined;
}

const knownTags = new Set<number>([...Object.values(ApduTag), ...Object.values(GloTag), ...Object.values(DedTag)]);

/** Decodes an APDU after an LLC header. */
function decodeLlc(source: Source, session: Session): Item {
  const { octets } = source;
  const pdu = source.slice(3, octets.length);
  if (behindLlc(octets) === undefined) {
    const message = "an LLC header is E6 E6 00 or E6 E7 00";
    return { fault: new Fault("bad-llc", message, { layer: "hdlc", offset: source.place(0) }) };
  }
  const direction = octets[1] === 0xe6 ? "command" : "response";
  session.direction = direction;
  const json = { layer: "llc", direction };
  const node = { name: "LLC header", text: direction, offset: source.place(0), octets, children: [] };
  return framed({ json, node }, pdu, session);
}

/** Whether octets are a general-glo-ciphering without its tag: system title, a correct length, security control. */
function isWithoutTag(octets: Uint8Array): boolean {
  const from = new Reader(octets);
  try {
    const title = from.length();
    if (title !== 0 && title !== 8) return false;
    from.take(title);
    const long = (from.peek() ?? 0) > 0x80;
    const control = from.length() === from.remaining ? from.peek() : undefined;
    return (title !== 0 || long) && control !== undefined && (control & 0x30) !== 0 && (control & 0x0f) <= 2;
  } catch (caught) {
    if (caught instanceof Fault) return false;
    throw caught;
  }
}

/** Decodes a P1 telegram, or the identification line of a meter that a ciphered APDU without its tag follows. */
function decodeTelegram(source: Source, session: Session): Item {
  const { octets } = source;
  let at = octets.indexOf(0x0a) + 1;
  while (at > 0 && (octets[at] === 0x0a || octets[at] === 0x0d)) at++;
  const rest = source.slice(at, octets.length);
  const isTagged = rest.octets[0] === ApduTag["general-glo-ciphering"];
  if (at === 0 || !(isTagged || isWithoutTag(rest.octets))) return decodeP1(source);
  const { json, node } = decodeP1(source.slice(0, at));
  const { text: _, lines: __, ...head } = json;
  return framed({ json: head, node: { ...node, octets } }, isTagged ? rest : withGloTag(rest), session);
}

/** The last of the Data tags that are also APDU tags. Such octets are read as Data if the Data ends with the last octet. */
const lastDataTag = 33;
const readRequest = 0x05;

/** The frames of a stream with noise before its first flag; undefined if there are no frames. */
function framesIn(source: Source, session: Session): Item[] | undefined {
  if (!source.octets.includes(0x7e)) return undefined;
  const frames = decodeHdlc(source, session);
  return frames.some(({ json, fault }) => json !== undefined && fault === undefined) ? frames : undefined;
}

function decodeUnknown(source: Source, session: Session): Item[] {
  const { octets } = source;
  const [first, second] = octets;
  if (first === 0x7e) return decodeHdlc(source, session);
  if (first === 0 && second === 1) return decodeWrapper(source, session);
  if (first === 0x68 && octets[3] === 0x68 && second === octets[2]) return decodeMbus(source, session);
  if (isWireless(octets)) return [decodeWireless(source, session)];
  if (isP1(octets)) return [decodeTelegram(source, session)];
  const llc = behindLlc(octets);
  if (llc !== undefined && knownTags.has(llc[0] ?? -1)) return [decodeLlc(source, session)];
  const apdu = (): Item => decodePdu(source, session);
  const data = (): Item => decodeDataSource(source);
  if (first === undefined || (first > lastDataTag && first !== 0xff)) {
    const item = apdu();
    return (item.json === undefined ? framesIn(source, session) : undefined) ?? [item];
  }
  // A double-long of five octets can also be a ReadRequest of one short name; the request is more likely in a capture.
  const order = first === readRequest ? [apdu, data] : [data, apdu];
  const broken: Item[] = [];
  for (const decode of order) {
    const item = decode();
    if (item.json !== undefined) return [item];
    broken.push(item);
  }
  if (isWithoutTag(octets)) {
    const item = decodePdu(withGloTag(source), session);
    if (item.json !== undefined) return [item];
  }
  // The decoding with the Fault at the higher offset is more likely.
  broken.sort((one, other) => (other.fault?.offset ?? 0) - (one.fault?.offset ?? 0));
  return framesIn(source, session) ?? broken.slice(0, 1);
}

/**
 * Decodes octets in the order of their arrival: frames, PDUs, APDUs, Data. Between calls it keeps the information that later
 * octets need: system titles and dedicated keys, and blocks and segments of incomplete APDUs. Each connection or recording needs
 * its own decoder.
 */
export class Decoder {
  readonly #layer: LayerName | undefined;
  readonly #session: Session;

  constructor(options: DecoderOptions = {}) {
    const { layer, keys = {}, quirks = [], provider = noble, unverified = false } = options;
    this.#layer = layer;
    this.#session = new Session(new Decipherer(keys, { provider, unverified }), quirks);
  }

  /**
   * Decodes octets; a stream gives several items. Offsets refer to `octets`. Invalid octets do not throw: the result has a Fault
   * at their position.
   */
  decode(octets: Uint8Array): Item[] {
    const session = this.#session;
    const source = Source.of(octets);
    if (octets.length === 0)
      return [{ fault: new Fault("truncated", "the input has no octets", { layer: "capture", offset: 0 }) }];
    switch (this.#layer) {
      case undefined:
        return decodeUnknown(source, session);
      case "hdlc":
        return decodeHdlc(source, session);
      case "wrapper":
        return decodeWrapper(source, session);
      case "mbus":
        return isWireless(octets) ? [decodeWireless(source, session)] : decodeMbus(source, session);
      case "apdu":
        return [decodePdu(source, session)];
      case "llc":
        return [decodeLlc(source, session)];
      case "data":
        return [decodeDataSource(source)];
      case "p1":
        return [decodeTelegram(source, session)];
    }
  }

  /** The Fault of an APDU with missing segments, at the end of the input. */
  end(): Fault | undefined {
    if (!this.#session.mbus.open) return undefined;
    return new Fault("incomplete", "the APDU continues in a frame that is missing", { layer: "mbus" });
  }
}

/** Decodes octets without earlier ones: `new Decoder(options).decode(octets)`. */
export function decodeOctets(octets: Uint8Array, options: DecoderOptions = {}): Item[] {
  const decoder = new Decoder(options);
  return withFault(decoder.decode(octets), decoder.end());
}

/** The items; the last one gets `fault`, unless it already has a Fault. */
export function withFault(items: Item[], fault: Fault | undefined): Item[] {
  const last = items.at(-1);
  if (fault === undefined || last === undefined || last.fault !== undefined) return items;
  return [...items.slice(0, -1), { ...last, fault }];
}
