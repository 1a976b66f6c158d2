import type { Fault, LinkAddress } from "@dlmskit/core";
import { lost } from "./admission.ts";
import type { HandedSession, Relay, RelayOffice } from "./relay.ts";
import type { SessionPort } from "./session-port.ts";
import { type Arrived, needsAnswer } from "./turns.ts";

/** The session to hand over, and callbacks for its further course. */
export interface HandingOver extends Pick<HandedSession, "enter" | "gone"> {
  /** The id of the meter. */
  readonly meter: string;
  /** SAP of the logical device. */
  readonly device: number;
}

/** Creates the handed-over session of a client on a connection. */
export function handedOverOf(
  port: Pick<SessionPort, "send" | "notify" | "quiet" | "broken">,
  { remote, address }: { readonly remote: string; readonly address: LinkAddress },
  { meter, device, enter, gone }: HandingOver,
): HandedOver {
  return new HandedOver({
    handover: { remote, address: onLink(address), meter, device },
    ...{ enter, gone },
    answer: (pdu) => port.send(pdu, address),
    notify: (pdu) => port.notify({ pdus: () => [pdu], left: () => undefined }, address),
    quiet: () => port.quiet(),
    ended: (fault) => port.broken(fault ?? lost("the process that has the meter ended the session"), address),
  });
}

/** The prefix of a gateway is taken off and put back by this process. */
const onLink = ({ client, server, physical }: LinkAddress): LinkAddress => ({
  ...{ client, server },
  ...(physical === undefined ? {} : { physical }),
});

export interface HandedOverPort extends Omit<HandedSession, "received" | "closed"> {
  answer(pdu: Uint8Array): void;
  /** Sends an unsolicited PDU to the client. */
  notify(pdu: Uint8Array): void;
  /** Called when the last request gets no answer. */
  quiet(): void;
  /** Called when the other process has ended the session while the client is still connected. */
  ended(fault: Fault | undefined): void;
}

/** The session of a client whose meter another process has. That process serves the client; this process forwards the PDUs. */
export class HandedOver {
  readonly #port: HandedOverPort;
  #relay: Relay | undefined;
  /** Whether the other process still has to answer the last request or report that there is no answer. */
  owes = false;
  /** The last request, if it needs an answer and has none yet. */
  unanswered: Uint8Array | undefined;
  #ended = false;

  constructor(port: HandedOverPort) {
    this.#port = port;
  }

  /** Whether another process serves the client. */
  get serves(): boolean {
    return this.#relay !== undefined;
  }

  /**
   * Hands the session over, with the requests of the client so far; false: the meter can be used here now. Throws `fault` if the
   * session cannot be handed over.
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
        this.unanswered = undefined;
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

  forward(arrived: Arrived): void {
    const { pdu, broadcast } = arrived;
    this.owes ||= !broadcast;
    if (needsAnswer(arrived)) this.unanswered = pdu;
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
