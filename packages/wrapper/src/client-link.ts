import type { ClientLink, LinkAddress, LinkOutput } from "@dlmskit/core";
import { addressOf, wpduTo } from "./ports.ts";
import { WrapperStream, type WrapperStreamOptions } from "./stream.ts";
import { encodeWpdu } from "./wpdu.ts";

/** Deviations of some meters: `any-wport` accepts PDUs from and to any wPort as PDUs of the server. */
export type WrapperQuirk = "any-wport";

export interface WrapperClientOptions extends WrapperStreamOptions {
  /** The client's wPort: its service access point. */
  readonly client: number;
  /** The server's wPort: its logical device. */
  readonly server: number;
  readonly quirks?: readonly WrapperQuirk[];
}

/** The client's end of a TCP connection, for one client and one logical device. There is no inactivity time by default. */
export class WrapperClientLink implements ClientLink {
  readonly address: LinkAddress;
  readonly #stream: WrapperStream;
  readonly #anyPort: boolean;
  #connected = false;

  constructor(options: WrapperClientOptions) {
    this.address = { client: options.client, server: options.server };
    this.#stream = new WrapperStream(options, 0);
    this.#anyPort = options.quirks?.includes("any-wport") ?? false;
  }

  get deadline(): number | undefined {
    return this.#stream.deadline;
  }

  poll(): LinkOutput | undefined {
    return this.#stream.poll();
  }

  /** Gives `connected`; nothing is sent. */
  connect(now: number): void {
    if (this.#connected || this.#stream.closed) return;
    this.#connected = true;
    this.#stream.opened(now);
    this.#stream.output({ type: "connected", address: this.address, maxPdu: 0xffff });
  }

  receive(octets: Uint8Array, now: number): void {
    for (const wpdu of this.#stream.receive(octets, now)) {
      const { client, server } = addressOf(wpdu, "client");
      const { pdu } = wpdu;
      if (this.#anyPort || (client === this.address.client && server === this.address.server)) {
        this.#stream.output({ type: "received", pdu, address: this.address });
      } else {
        this.#stream.output({ type: "dropped", why: "address", octets: pdu });
      }
    }
    this.#stream.settle();
  }

  /** Sends a PDU to the server. Fault `pdu-too-long` above 65535 octets. */
  send(pdu: Uint8Array, _now: number): void {
    if (this.#stream.closed) {
      this.#stream.output({ type: "dropped", why: "not-connected", octets: pdu });
      return;
    }
    this.#stream.output({ type: "transmit", octets: encodeWpdu(wpduTo(pdu, this.address, "client")) });
  }

  expire(now: number): void {
    this.#stream.expire(now);
  }

  close(_now: number): void {
    this.#stream.close();
  }
}
