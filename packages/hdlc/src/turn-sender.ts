import { sameOctets } from "@dlmskit/core";
import type { HdlcAddress } from "./address.ts";
import type { Control } from "./control.ts";
import { FrameSender } from "./frame-sender.ts";
import { encodeNegotiation, isDefault, negotiationOf, type Parameters } from "./negotiation.ts";
import type { HdlcQuirk } from "./primary-options.ts";
import type { SendWindow } from "./send-window.ts";

/** The options of a client that a `TurnSender` needs. */
export interface TurnOptions {
  readonly here: HdlcAddress;
  readonly there: HdlcAddress;
  /** The parameters that SNRM proposes. */
  readonly own: Parameters;
  readonly quirks: readonly HdlcQuirk[];
  readonly transmit: (octets: Uint8Array) => void;
}

/** Sends the frames of a client, and recognises the echo of the frames of its last turn. */
export class TurnSender {
  readonly #sender: FrameSender;
  readonly #own: Parameters;
  /** Whether SNRM is sent without parameters. */
  readonly bareSnrm: boolean;
  /** The frames of the last turn, on a line with an echo. */
  #sent: Uint8Array[] = [];

  constructor({ here, there, own, quirks, transmit }: TurnOptions) {
    const echo = quirks.includes("echo");
    this.#sender = new FrameSender(here, there, (octets) => {
      if (echo) this.#sent.push(octets);
      transmit(octets);
    });
    this.#own = own;
    this.bareSnrm = isDefault(own) && !quirks.includes("snrm-with-parameters");
  }

  /** Whether the octets are a frame of the last turn that a line with the quirk `echo` returned. */
  isEcho(octets: Uint8Array): boolean {
    return this.#sent.some((sent) => sameOctets(sent, octets));
  }

  /** Begins a turn: frames of the previous turn are no longer recognised as an echo. */
  begin(): void {
    this.#sent = [];
  }

  /** Sends the information frames of the current turn, the last with P=1. Gives false when there is none to send. */
  information(window: SendWindow, receiveSequence: number): boolean {
    return this.#sender.sendTurn(window, receiveSequence);
  }

  snrm(): void {
    this.#one(
      { frame: "snrm", pollFinal: true },
      this.bareSnrm ? undefined : encodeNegotiation(negotiationOf(this.#own)),
    );
  }

  disc(): void {
    this.#one({ frame: "disc", pollFinal: true });
  }

  rr(receiveSequence: number): void {
    this.#one({ frame: "rr", pollFinal: true, receiveSequence });
  }

  /** Sends a message in one UI frame, which does not pass the turn to the server. Fault `frame-too-long` above 2047 octets. */
  ui(message: Uint8Array): void {
    this.#one({ frame: "ui", pollFinal: false }, message);
  }

  /** Sends a turn of one frame. */
  #one(control: Control, information?: Uint8Array): void {
    this.begin();
    this.#sender.send(control, information);
  }
}
