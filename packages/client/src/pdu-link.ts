import type { ClientLink, LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";

/** A data link over a transport that carries whole PDUs of one client and one server: it adds nothing. */
export class PduLink implements ClientLink {
  readonly deadline = undefined;
  readonly address = { client: 0, server: 0 };
  readonly #outputs = new OutputQueue<LinkOutput>();

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  connect(_now: number): void {
    this.#outputs.push({ type: "connected", address: this.address });
  }

  send(pdu: Uint8Array, _now: number): void {
    this.#outputs.push({ type: "transmit", octets: pdu });
  }

  receive(pdu: Uint8Array, _now: number): void {
    this.#outputs.push({ type: "received", pdu, address: this.address });
  }

  expire(_now: number): void {}

  close(_now: number): void {
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }
}
