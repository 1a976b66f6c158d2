import { Fault, type Link, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { addressOf, allStation, type End, noStation, wpduTo } from "./ports.ts";
import { WrapperStream, type WrapperStreamOptions } from "./stream.ts";
import { encodeWpdu, type Wpdu } from "./wpdu.ts";

export interface WrapperServerOptions extends WrapperStreamOptions {
  /** Whether a logical device has that wPort; a PDU to any other wPort is silently dropped. By default all wPorts are accepted. */
  readonly accepts?: (server: number) => boolean;
  /**
   * The end that this link is: `"server"` by default; `"client"` for a listener to which many servers push, each
   * over its own connection.
   */
  readonly end?: End;
}

/**
 * One TCP connection of a server, for any client and logical device. There is no connection phase, so there is no
 * `connected`. The link becomes `broken` after a wrong version, a PDU above `maxPdu`, a PDU that stays incomplete, or
 * inactivity (180 s by default).
 */
export class WrapperServerLink implements Link {
  readonly #stream: WrapperStream;
  readonly #accepts: (server: number) => boolean;
  readonly #end: End;
  #last: LinkAddress | undefined;

  /** `now` starts the inactivity time; without `now` the first octet starts it. Fault `out-of-range` for `maxPdu`. */
  constructor(options: WrapperServerOptions = {}, now?: number) {
    this.#stream = new WrapperStream(options, 180_000);
    this.#accepts = options.accepts ?? (() => true);
    this.#end = options.end ?? "server";
    if (now !== undefined) this.#stream.opened(now);
  }

  get deadline(): number | undefined {
    return this.#stream.deadline;
  }

  poll(): LinkOutput | undefined {
    return this.#stream.poll();
  }

  receive(octets: Uint8Array, now: number): void {
    for (const wpdu of this.#stream.receive(octets, now)) {
      const { pdu, source, destination } = wpdu;
      const address = this.#addressOf(wpdu);
      const broadcast = destination === allStation;
      if (source === noStation || destination === noStation || !(broadcast || this.#accepts(address.server))) {
        this.#stream.output({ type: "dropped", why: "address", octets: pdu, address });
      } else {
        this.#last = address;
        const output = { type: "received", pdu, address } as const;
        this.#stream.output(broadcast ? { ...output, broadcast } : output);
      }
    }
    this.#stream.settle();
  }

  /** Usually the address of the last PDU: then it is the same object. */
  #addressOf(wpdu: Wpdu): LinkAddress {
    const last = this.#last;
    const address = addressOf(wpdu, this.#end);
    return last !== undefined && last.client === address.client && last.server === address.server ? last : address;
  }

  /**
   * Sends a PDU to the other end of `address`. Without `address`, the address of the last received PDU is used.
   * Faults `no-address` if there is no such address, `pdu-too-long` above 65535 octets.
   */
  send(pdu: Uint8Array, _now: number, address: LinkAddress | undefined = this.#last): void {
    if (address === undefined)
      throw new Fault("no-address", "the client's address is not known yet", { layer: "wrapper" });
    if (this.#stream.closed) {
      this.#stream.output({ type: "dropped", why: "not-connected", octets: pdu });
      return;
    }
    this.#stream.output({ type: "transmit", octets: encodeWpdu(wpduTo(pdu, address, this.#end)) });
  }

  /** Replaces `inactivity` of the options. The new time counts from the last WPDU. */
  setInactivity(inactivity: number): void {
    this.#stream.setInactivity(inactivity);
  }

  expire(now: number): void {
    this.#stream.expire(now);
  }

  close(_now: number): void {
    this.#stream.close();
  }
}
