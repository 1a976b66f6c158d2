import type { Fault } from "@dlmskit/core";
import type { HandedSession, Relay, RelayOffice } from "./relay.ts";
import type { Arrived } from "./turns.ts";

export interface HandedOverPort extends Omit<HandedSession, "received" | "closed"> {
  answer(pdu: Uint8Array): void;
  /** The last request gets no answer. */
  quiet(): void;
  /** The other process has ended the session, while the client is still there. */
  ended(fault: Fault | undefined): void;
}

/** The session of a client whose meter another process has: that one serves it, and what passes here is passed on. */
export class HandedOver {
  readonly #port: HandedOverPort;
  #relay: Relay | undefined;
  /** The other process has not said yet what happens to the last request. */
  owes = false;
  #ended = false;

  constructor(port: HandedOverPort) {
    this.#port = port;
  }

  /** Whether another process serves the client. */
  get serves(): boolean {
    return this.#relay !== undefined;
  }

  /**
   * Hands the session over, with what the client has asked so far; false: the meter can be used here after all. Throws `fault`
   * where it cannot be handed over.
   */
  async open(relays: RelayOffice, fault: unknown, asked: () => readonly Arrived[]): Promise<boolean> {
    const { quiet, ended } = this.#port;
    const relay = await relays.open(fault, {
      ...this.#port,
      received: (answer) => {
        this.owes = false;
        if (answer.length > 0) this.#port.answer(answer);
        else quiet();
      },
      closed: (why) => {
        if (this.#port.gone() || this.#relay === undefined) return;
        this.#relay = undefined;
        if (this.#ended) quiet();
        else ended(why);
      },
    });
    if (relay === undefined) return false;
    if (this.#port.gone()) {
      relay.close();
      return true;
    }
    this.#relay = relay;
    for (const arrived of asked()) this.forward(arrived);
    if (this.#ended) relay.end();
    return true;
  }

  forward({ pdu, broadcast }: Arrived): void {
    this.owes ||= !broadcast;
    this.#relay?.send(pdu, broadcast);
  }

  /** The client sends nothing more. */
  end(): void {
    this.#ended = true;
    this.#relay?.end();
  }

  close(): void {
    this.#relay?.close();
  }
}
