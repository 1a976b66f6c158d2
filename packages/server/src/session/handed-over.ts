import type { Fault, LinkAddress } from "@dlmskit/core";
import { lost } from "./admission.ts";
import type { HandedSession, Relay, RelayOffice } from "./relay.ts";
import type { SessionPort } from "./session-port.ts";
import type { Arrived } from "./turns.ts";

/** Whose session is handed over, and how it goes on. */
export interface HandingOver extends Pick<HandedSession, "enter" | "gone"> {
  /** The meter's id. */
  readonly meter: string;
  /** SAP of the logical device. */
  readonly device: number;
}

/** The handed-over session of the client of a connection. */
export function handedOverOf(
  port: Pick<SessionPort, "send" | "notify" | "quiet" | "broken">,
  { remote, address }: { readonly remote: string; readonly address: LinkAddress },
  { meter, device, enter, gone }: HandingOver,
): HandedOver {
  return new HandedOver({
    handover: { remote, address, meter, device },
    ...{ enter, gone },
    answer: (pdu) => port.send(pdu, address),
    notify: (pdu) => port.notify({ pdus: () => [pdu], left: () => undefined }, address),
    quiet: () => port.quiet(),
    ended: (fault) => port.broken(fault ?? lost("the process that has the meter ended the session")),
  });
}

export interface HandedOverPort extends Omit<HandedSession, "received" | "closed"> {
  answer(pdu: Uint8Array): void;
  /** Something that the client did not ask for. */
  notify(pdu: Uint8Array): void;
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
      received: (answer, unasked) => {
        if (unasked) {
          this.#port.notify(answer);
          return;
        }
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
