import { Fault } from "@dlmskit/core";

// Minimum number of octets that a link adds to a PDU.
const headerOctets = 8;

/** Limits the answers to a datagram source that can be forged: a multiple of the octets that it has sent. */
export class AnswerCredit {
  readonly #times: number;
  #octets = 0;

  constructor(times: number) {
    this.#times = times;
  }

  earn(received: Uint8Array): void {
    this.#octets += this.#times * (received.length + headerOctets);
  }

  /** False: the answer is too long. */
  spend(answer: Uint8Array): boolean {
    const octets = answer.length + headerOctets;
    if (octets > this.#octets) return false;
    this.#octets -= octets;
    return true;
  }
}

/** Why a PDU was not sent. */
export const withheld = (pdu: Uint8Array): Fault =>
  new Fault("answer-withheld", `an answer of ${pdu.length} octets was not sent, since its destination may be forged`, {
    layer: "server",
    hint: "raise `limits.datagramAnswer`, or let the client authenticate",
  });
