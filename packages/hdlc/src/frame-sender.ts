import type { HdlcAddress } from "./address.ts";
import type { Control } from "./control.ts";
import { encodeFrame } from "./frame.ts";
import type { SendWindow } from "./send-window.ts";

const empty = new Uint8Array(0);

/** Builds and sends the frames from one end to the other. */
export class FrameSender {
  source: HdlcAddress;
  destination: HdlcAddress;
  readonly #transmit: (octets: Uint8Array) => void;

  constructor(source: HdlcAddress, destination: HdlcAddress, transmit: (octets: Uint8Array) => void) {
    this.source = source;
    this.destination = destination;
    this.#transmit = transmit;
  }

  send(control: Control, information: Uint8Array = empty, segmented = false): void {
    const { source, destination } = this;
    this.#transmit(encodeFrame({ ...control, destination, source, segmented, information }));
  }

  /** Sends all information frames of a turn, the last with P/F=1. Gives false when there is none to send. */
  sendTurn(window: SendWindow, receiveSequence: number): boolean {
    const pieces = window.turn();
    let sendSequence = window.firstSequence;
    pieces.forEach(({ information, segmented }, at) => {
      const pollFinal = at === pieces.length - 1;
      this.send({ frame: "i", pollFinal, sendSequence, receiveSequence }, information, segmented);
      sendSequence = (sendSequence + 1) & 7;
    });
    return pieces.length > 0;
  }
}
