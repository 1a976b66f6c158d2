import { asObject, type ClientLink, type Json, type LinkAddress, type LinkOutput, type Unasked } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";

/** The data of a handed-over session, in the first frame of a relay connection. */
export interface Handover {
  /** The id of the meter in a store. */
  readonly meter: string;
  /** The requested logical device (SAP). */
  readonly device: number;
  /** The address of the client on its own data link. */
  readonly address: LinkAddress;
  /** The remote end of the client's connection. */
  readonly remote: string;
}

// A frame has a kind, a length (3 octets, most significant first) and that number of octets.
const headerOctets = 4;
const kinds = { handover: 1, accepted: 2, pdu: 3, broadcast: 4 } as const;
const longest = { [kinds.handover]: 1024, [kinds.accepted]: 0, [kinds.pdu]: 1 << 20, [kinds.broadcast]: 1 << 20 };

const nothing = new Uint8Array(0);

function frameOf(kind: keyof typeof kinds, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerOctets + body.length);
  new DataView(frame.buffer).setUint32(0, kinds[kind] * 0x1000000 + body.length);
  frame.set(body, headerOctets);
  return frame;
}

/** Finds the frames in a stream that arrives in pieces of any size. */
class Frames {
  #held: Uint8Array = nothing;

  /** Returns the frames that `octets` complete. The last element is undefined if the data is not a valid frame. */
  push(octets: Uint8Array): ({ readonly kind: number; readonly body: Uint8Array } | undefined)[] {
    const all = new Uint8Array(this.#held.length + octets.length);
    all.set(this.#held);
    all.set(octets, this.#held.length);
    const frames = [];
    let at = 0;
    while (all.length - at >= headerOctets) {
      const header = new DataView(all.buffer, at).getUint32(0);
      const kind = header >>> 24;
      const length = header & 0xffffff;
      if (!(length <= (longest[kind as keyof typeof longest] ?? -1))) return [...frames, undefined];
      if (all.length - at - headerOctets < length) break;
      at += headerOctets;
      frames.push({ kind, body: all.subarray(at, at + length) });
      at += length;
    }
    this.#held = all.slice(at);
    return frames;
  }
}

const isSap = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

function handoverOf(body: Uint8Array): Handover | undefined {
  try {
    const json: Json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const { meter, device, client, server, physical, remote } = asObject(json);
    if (typeof meter !== "string" || typeof remote !== "string") return undefined;
    if (!isSap(device) || !isSap(client) || !isSap(server)) return undefined;
    if (physical === undefined) return { meter, device, address: { client, server }, remote };
    return isSap(physical) ? { meter, device, address: { client, server, physical }, remote } : undefined;
  } catch {
    return undefined;
  }
}

/** The role of this end: the process that hands a session over, or the process that is asked whether it has the meter. */
export type RelaySide = { readonly handover: Handover } | { readonly has: (handover: Handover) => boolean };

/** Address for a PDU that the client sent to all stations. The process of the client uses it. */
export const toAllStations: LinkAddress = { client: 0, server: 0 };

/**
 * Either end of one session on a connection between two processes. It starts with the handover. If the other process has the meter,
 * it confirms this (`connected`); otherwise the session breaks (`meter-not-here`). Then PDUs follow in both directions.
 */
export class RelayLink implements ClientLink {
  readonly deadline = undefined;
  readonly #side: RelaySide;
  readonly #frames = new Frames();
  readonly #outputs = new OutputQueue<LinkOutput>();
  #accepted: Handover | undefined;
  #closed = false;
  /** Whether a request was received for which neither an answer nor the message of no answer was sent. */
  #owing = false;

  constructor(side: RelaySide) {
    this.#side = side;
  }

  /** The data of the session, after both ends have agreed. */
  get handover(): Handover | undefined {
    return this.#accepted;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  connect(_now: number): void {
    if (!("handover" in this.#side)) return;
    const { address, ...rest } = this.#side.handover;
    this.#transmit("handover", new TextEncoder().encode(JSON.stringify({ ...rest, ...address })));
  }

  send(pdu: Uint8Array, _now: number, address?: LinkAddress): void {
    this.#owing = false;
    this.#transmit(address === toAllStations ? "broadcast" : "pdu", pdu);
  }

  /** Sends an unsolicited PDU to the client, in a frame of the kind that is used for PDUs to all stations in the other direction. */
  notify(unasked: Unasked): void {
    for (const pdu of unasked.pdus()) this.#transmit("broadcast", pdu);
    unasked.left();
  }

  /** Sends an empty PDU: it tells the other process that its client gets no answer, so that the client's link can give it the turn. */
  yield(): void {
    if (!this.#owing) return;
    this.#owing = false;
    this.#transmit("pdu", nothing);
  }

  receive(octets: Uint8Array, _now: number): void {
    if (this.#closed) return;
    for (const frame of this.#frames.push(octets)) {
      if (frame === undefined) this.#break("not-a-frame");
      else this.#received(frame.kind, frame.body);
      if (this.#closed) return;
    }
  }

  expire(_now: number): void {}

  close(_now: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }

  #transmit(kind: keyof typeof kinds, body: Uint8Array): void {
    if (!this.#closed) this.#outputs.push({ type: "transmit", octets: frameOf(kind, body) });
  }

  #break(why: string): void {
    this.#closed = true;
    this.#outputs.push({ type: "broken", why });
  }

  #received(kind: number, body: Uint8Array): void {
    const handover = this.#accepted;
    if (handover === undefined) {
      this.#begin(kind, body);
      return;
    }
    const { address } = handover;
    if (kind === kinds.pdu) {
      this.#owing = "has" in this.#side;
      this.#outputs.push({ type: "received", pdu: body, address });
    } else if (kind === kinds.broadcast) {
      this.#outputs.push({ type: "received", pdu: body, address, broadcast: true });
    } else this.#break("unexpected-frame");
  }

  #begin(kind: number, body: Uint8Array): void {
    const side = this.#side;
    if ("handover" in side) {
      if (kind !== kinds.accepted) {
        this.#break("unexpected-frame");
        return;
      }
      this.#accepted = side.handover;
      this.#outputs.push({ type: "connected", address: side.handover.address });
      return;
    }
    const handover = kind === kinds.handover ? handoverOf(body) : undefined;
    if (handover === undefined) this.#break("unexpected-frame");
    else if (!side.has(handover)) this.#break("meter-not-here");
    else {
      this.#accepted = handover;
      this.#transmit("accepted", nothing);
    }
  }
}
