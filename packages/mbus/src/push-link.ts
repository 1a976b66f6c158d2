import type { Link, LinkAddress, LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { encodeFrame } from "./frame.ts";
import { framesOf, MbusJoiner, type MbusPush } from "./segment.ts";
import { MbusSplitter } from "./splitter.ts";

export interface MbusPushLinkOptions extends Pick<MbusPush, "control" | "longest"> {
  /** The end that this link is: `"client"` (default) listens to pushes; `"server"` is a meter that pushes. */
  readonly end?: "client" | "server";
  /** The maximum length of a PDU that is joined from segments, in octets; 65,535 by default. */
  readonly maxPdu?: number;
}

// The maximum number of stations for which segments are kept.
const mostStations = 64;

/**
 * A line on which PDUs are sent in M-Bus long frames only, in one or several segments: the consumer interface of many meters.
 * `physical` is the address of the frame. Octets that are not a frame, frames of other protocols, and PDUs with a missing
 * segment are dropped.
 */
export class MbusPushLink implements Link {
  readonly deadline = undefined;
  readonly #options: MbusPushLinkOptions;
  readonly #splitter = new MbusSplitter();
  readonly #joiners = new Map<number, MbusJoiner>();
  readonly #outputs = new OutputQueue<LinkOutput>();
  #last: LinkAddress | undefined;

  constructor(options: MbusPushLinkOptions = {}) {
    this.#options = options;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  receive(octets: Uint8Array, _now: number): void {
    for (const { frame, octets: split } of this.#splitter.push(octets)) {
      if (frame === undefined) {
        this.#drop("no-frame", split);
        continue;
      }
      const joined = this.#joiner(frame.address).push(frame);
      if (joined.type === "dropped") this.#drop(joined.fault.code, split);
      if (joined.type !== "received") continue;
      const { pdu, sourceSap, destinationSap } = joined;
      const [client, server] =
        this.#options.end === "server" ? [sourceSap, destinationSap] : [destinationSap, sourceSap];
      this.#last = { client, server, physical: frame.address };
      this.#outputs.push({ type: "received", pdu, address: this.#last });
    }
  }

  #joiner(address: number): MbusJoiner {
    const joiner = this.#joiners.get(address) ?? new MbusJoiner(this.#options.maxPdu);
    this.#joiners.delete(address);
    this.#joiners.set(address, joiner);
    const [oldest] = this.#joiners.keys();
    if (this.#joiners.size > mostStations && oldest !== undefined) this.#joiners.delete(oldest);
    return joiner;
  }

  /** Sends a PDU in one or more frames; without `address`, to the sender of the last one. Fault `out-of-range` for SAPs above 255. */
  send(pdu: Uint8Array, _now: number, address: LinkAddress | undefined = this.#last): void {
    if (address === undefined) {
      this.#drop("address", pdu);
      return;
    }
    const { end, control, longest } = this.#options;
    const { client, server, physical } = address;
    const [sourceSap, destinationSap] = end === "server" ? [server, client] : [client, server];
    const push = {
      ...{ sourceSap, destinationSap },
      ...(physical === undefined ? {} : { address: physical }),
      ...(control === undefined ? {} : { control }),
      ...(longest === undefined ? {} : { longest }),
    };
    for (const frame of framesOf(pdu, push)) this.#outputs.push({ type: "transmit", octets: encodeFrame(frame) });
  }

  #drop(why: string, octets: Uint8Array): void {
    this.#outputs.push({ type: "dropped", why, octets });
  }

  expire(_now: number): void {}

  close(_now: number): void {
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }
}
