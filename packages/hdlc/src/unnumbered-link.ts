import { inRange, type Link, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { type HdlcAddress, hdlcAddress } from "./address.ts";
import { Assembler } from "./assembler.ts";
import type { Frame } from "./frame.ts";
import { FrameSender } from "./frame-sender.ts";
import { unwrapLlc, wrapLlc } from "./llc.ts";
import { defaultParameters, maxInfoLimit } from "./negotiation.ts";
import { FrameSplitter } from "./splitter.ts";

export type UnnumberedQuirk = "blocks-without-llc" | "information-frames";

export interface UnnumberedLinkOptions {
  /** The end that this link is: `"server"` (default) is a meter that pushes; `"client"` listens to pushes. */
  readonly end?: "server" | "client";
  /** The maximum length of a received PDU, in octets; 65,536 by default. */
  readonly maxPdu?: number;
  /** The maximum length of a sent information field, in octets; 128 by default. */
  readonly maxInfo?: number;
  /**
   * Deviations of some meters: `"blocks-without-llc"`: only the first block of general block transfer has an LLC header
   * (Landis+Gyr E450, E570); `"information-frames"`: pushes arrive in I frames, without a data link (Kaifa).
   */
  readonly quirks?: readonly UnnumberedQuirk[];
  /** ms of silence after which an unfinished frame is dropped; 500 by default. */
  readonly interOctet?: number;
}

const generalBlockTransfer = 0xe0;
// The maximum number of stations for which unfinished messages are kept.
const mostStations = 64;

/**
 * A line on which PDUs are sent in UI frames only, without a data link: pushes over TCP, UDP or a serial port (IEC 62056-46).
 * Long PDUs are divided into segments. Frames of other types are dropped.
 */
export class UnnumberedLink implements Link {
  readonly deadline = undefined;
  readonly #end: "server" | "client";
  readonly #maxPdu: number;
  readonly #maxInfo: number;
  readonly #bareBlocks: boolean;
  readonly #iFrames: boolean;
  readonly #splitter: FrameSplitter;
  readonly #parts = new Map<string, Assembler>();
  readonly #outputs = new OutputQueue<LinkOutput>();
  /** The addresses of the last accepted frame: answers use the same addresses. */
  #peer: { readonly address: LinkAddress; readonly here: HdlcAddress; readonly there: HdlcAddress } | undefined;

  /** Fault `out-of-range` for `maxInfo`. */
  constructor(options: UnnumberedLinkOptions = {}) {
    this.#end = options.end ?? "server";
    this.#maxPdu = options.maxPdu ?? 0x10000;
    this.#maxInfo = inRange(options.maxInfo ?? defaultParameters.maxInfoSend, 1, maxInfoLimit);
    this.#iFrames = options.quirks?.includes("information-frames") === true;
    this.#bareBlocks = options.quirks?.includes("blocks-without-llc") === true;
    this.#splitter = new FrameSplitter(options.interOctet ?? 500);
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  receive(octets: Uint8Array, now: number): void {
    for (const split of this.#splitter.push(octets, now)) {
      if (split.frame === undefined) this.#drop(split.why, split.octets);
      else this.#take(split.frame, split.octets);
    }
  }

  #take(frame: Frame, octets: Uint8Array): void {
    if (frame.frame !== "ui" && !(this.#iFrames && frame.frame === "i")) {
      this.#drop("frame", octets);
      return;
    }
    const { source, destination } = frame;
    const name = `${source.upper} ${source.lower ?? ""} ${destination.upper}`;
    const parts = this.#parts.get(name) ?? new Assembler(this.#maxPdu + 3);
    this.#parts.delete(name);
    if (!parts.append(frame.information)) {
      this.#drop("too-long", octets);
      return;
    }
    if (frame.segmented) {
      this.#parts.set(name, parts);
      const [oldest] = this.#parts.keys();
      if (this.#parts.size > mostStations && oldest !== undefined) this.#parts.delete(oldest);
      return;
    }
    const pdu = this.#unwrapped(parts.take());
    if (pdu === undefined) {
      this.#drop("llc", octets);
      return;
    }
    const [client, server] = this.#end === "client" ? [destination, source] : [source, destination];
    const physical = server.lower === undefined ? {} : { physical: server.lower };
    const address = { client: client.upper, server: server.upper, ...physical };
    this.#peer = { address, here: destination, there: source };
    this.#outputs.push({ type: "received", pdu, address });
  }

  #unwrapped(message: Uint8Array): Uint8Array | undefined {
    if (this.#bareBlocks && message[0] === generalBlockTransfer) return message;
    return unwrapLlc(message, this.#end === "client" ? "response" : "command");
  }

  /** Sends a PDU in UI frames. To a new address, a client address has one octet, and a server address the shortest possible form. */
  send(pdu: Uint8Array, _now: number, address: LinkAddress | undefined = this.#peer?.address): void {
    if (address === undefined) {
      this.#drop("address", pdu);
      return;
    }
    const { here, there } = this.#addresses(address);
    const sender = new FrameSender(here, there, (octets) => this.#outputs.push({ type: "transmit", octets }));
    const message = wrapLlc(pdu, this.#end === "server" ? "response" : "command");
    for (let at = 0; at < message.length; at += this.#maxInfo) {
      const end = Math.min(at + this.#maxInfo, message.length);
      sender.send({ frame: "ui", pollFinal: false }, message.subarray(at, end), end < message.length);
    }
  }

  #addresses(address: LinkAddress): { readonly here: HdlcAddress; readonly there: HdlcAddress } {
    const peer = this.#peer;
    const { client, server, physical } = address;
    const known = peer?.address;
    if (peer !== undefined && known?.client === client && known.server === server && known.physical === physical) {
      return peer;
    }
    const lower = physical === undefined ? {} : { lower: physical };
    const meter = hdlcAddress({ upper: server, ...lower });
    const reader = hdlcAddress({ upper: client, octets: 1 });
    return this.#end === "server" ? { here: meter, there: reader } : { here: reader, there: meter };
  }

  #drop(why: string, octets: Uint8Array): void {
    this.#outputs.push({ type: "dropped", why, octets });
  }

  expire(_now: number): void {}

  close(_now: number): void {
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }
}
