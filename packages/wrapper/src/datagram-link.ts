import { Fault, type Link, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { addressOf, allStation, type End, noStation, wpduTo } from "./ports.ts";
import { decodeWpdu, encodeWpdu } from "./wpdu.ts";

export interface WrapperDatagramOptions {
  /** The end that this link is; `"server"` by default. */
  readonly end?: End;
}

/** The wrapper over UDP: each datagram is exactly one WPDU; other datagrams are dropped. The link is never `broken`. */
export class WrapperDatagramLink implements Link {
  readonly deadline = undefined;
  readonly #end: End;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #last: LinkAddress | undefined;

  constructor(options: WrapperDatagramOptions = {}) {
    this.#end = options.end ?? "server";
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  /** Processes one received datagram. */
  receive(octets: Uint8Array, _now: number): void {
    let why = "address";
    try {
      const wpdu = decodeWpdu(octets);
      const { source, destination, pdu } = wpdu;
      if (pdu.length === 0) {
        why = "empty";
      } else if (source !== noStation && destination !== noStation) {
        const address = addressOf(wpdu, this.#end);
        this.#last = address;
        this.#outputs.push({
          type: "received",
          pdu,
          address,
          ...(destination === allStation ? { broadcast: true as const } : {}),
        });
        return;
      }
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      why = caught.code;
    }
    this.#outputs.push({ type: "dropped", why, octets });
  }

  /** Sends a PDU in a datagram; without `address`, to the sender of the last one. Faults `no-address`, `pdu-too-long`. */
  send(pdu: Uint8Array, _now: number, address: LinkAddress | undefined = this.#last): void {
    if (address === undefined)
      throw new Fault("no-address", "the client's address is not known yet", { layer: "wrapper" });
    this.#outputs.push({ type: "transmit", octets: encodeWpdu(wpduTo(pdu, address, this.#end)) });
  }

  expire(_now: number): void {}

  close(_now: number): void {
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }
}
