import { Fault, type LinkAddress, type LinkOutput, type Unasked } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import type { HdlcAddress } from "./address.ts";
import { Assembler } from "./assembler.ts";
import { type Control, encodeControl, type FrameType } from "./control.ts";
import type { Frame } from "./frame.ts";
import { FrameSender } from "./frame-sender.ts";
import { unwrapLlc, wrapLlc } from "./llc.ts";
import {
  decodeNegotiation,
  encodeNegotiation,
  type Negotiation,
  negotiate,
  negotiationOf,
  ownParameters,
  type Parameters,
} from "./negotiation.ts";
import { encodeRejection, type RejectReason } from "./reject.ts";
import { SendWindow } from "./send-window.ts";

/** `rejected`: an FRMR was sent; only SNRM or DISC ends this mode. */
export type SecondaryMode = "disconnected" | "connected" | "rejected";
export type SecondaryAct =
  | "accept"
  | "refuse"
  | "release"
  | "information"
  | "acknowledge"
  | "deliver"
  | "reject"
  | "reject-again";

/** The state machine without sequence numbers, window and segment buffer. An event that is absent for a state is ignored. */
export const secondaryTransitions = {
  disconnected: {
    snrm: "accept",
    disc: "refuse",
    i: "refuse",
    rr: "refuse",
    rnr: "refuse",
    unknown: "refuse",
    ui: "deliver",
  },
  connected: {
    snrm: "accept",
    disc: "release",
    i: "information",
    rr: "acknowledge",
    rnr: "acknowledge",
    unknown: "reject",
    ui: "deliver",
  },
  rejected: {
    snrm: "accept",
    disc: "release",
    i: "reject-again",
    rr: "reject-again",
    rnr: "reject-again",
    unknown: "reject-again",
    ui: "deliver",
  },
} as const satisfies Record<SecondaryMode, Partial<Record<FrameType, SecondaryAct>>>;

export interface SecondaryOptions extends Partial<Parameters> {
  /** ms without a frame from the client after which the link is closed; 120 000 by default, 0 for never. */
  readonly inactivity?: number;
  /** The maximum length of a segmented message, in octets; 65 536 by default. */
  readonly maxMessage?: number;
}

const empty = new Uint8Array(0);
const usualInactivity = 120_000;

/** The server's end of one data link (one pair of addresses). A `Station` finds the frames and passes them to it. */
export class Secondary {
  readonly address: LinkAddress;
  /** ms of silence after which an unfinished frame for this server is dropped; undefined: the value of the station. */
  interOctet: number | undefined;
  #own: Parameters;
  #inactivity: number;
  readonly #sender: FrameSender;
  readonly #window = new SendWindow();
  readonly #assembler: Assembler;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #parameters: Parameters;
  #mode: SecondaryMode = "disconnected";
  #receiveSequence = 0;
  /** The client gave the turn (P=1) with a message, and the upper layer has not answered yet. */
  #turn = false;
  /** Unsolicited PDUs that wait for a turn. */
  #unasked: Unasked[] = [];
  #peerBusy = false;
  #rejection: Uint8Array = empty;
  #lastFrame = 0;

  /** `address` is for the upper layers; `here` and `there` are the addresses on the wire. Fault `out-of-range` for parameters. */
  constructor(address: LinkAddress, here: HdlcAddress, there: HdlcAddress, options: SecondaryOptions = {}) {
    this.address = address;
    this.#sender = new FrameSender(here, there, (octets) => this.#outputs.push({ type: "transmit", octets }));
    this.#own = ownParameters(options);
    this.#parameters = this.#own;
    this.#inactivity = options.inactivity ?? usualInactivity;
    this.#assembler = new Assembler((options.maxMessage ?? 65_536) + 3);
  }

  get mode(): SecondaryMode {
    return this.#mode;
  }

  /** The negotiated parameters; before the negotiation, the parameters that this end offers. */
  get parameters(): Parameters {
    return this.#parameters;
  }

  get deadline(): number | undefined {
    return this.#mode === "disconnected" || this.#inactivity === 0 ? undefined : this.#lastFrame + this.#inactivity;
  }

  /** Sets the options that apply from the next SNRM on. Fault `out-of-range` for parameters. */
  configure(options: SecondaryOptions): void {
    this.#own = ownParameters(options);
    this.#inactivity = options.inactivity ?? usualInactivity;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  /** Processes a frame from the client; `octets` are the octets of the frame, for reports. */
  receive(frame: Frame, octets: Uint8Array, now: number): void {
    this.expire(now);
    this.#lastFrame = now;
    // Answers use the address width of the request.
    this.#sender.source = frame.destination;
    this.#sender.destination = frame.source;
    const acts: Partial<Record<FrameType, SecondaryAct>> = secondaryTransitions[this.#mode];
    switch (acts[frame.frame]) {
      case "accept":
        this.#accept(frame, octets);
        return;
      case "refuse":
        this.#answer(frame, { frame: "dm", pollFinal: true });
        return;
      case "release":
        this.#disconnect("disc");
        this.#answer(frame, { frame: "ua", pollFinal: true });
        return;
      case "information":
        if (frame.frame === "i") this.#information(frame, octets);
        return;
      case "acknowledge":
        this.#acknowledge(frame);
        return;
      case "deliver":
        this.#deliver(frame, octets);
        return;
      case "reject":
        this.#reject(frame, "unknown-control");
        return;
      case "reject-again":
        this.#answer(frame, { frame: "frmr", pollFinal: true }, this.#rejection);
        return;
      default:
        this.#drop("frame-type", octets);
        return;
    }
  }

  /** Sends a PDU: now if this end has the turn, otherwise at the next poll. The PDU is dropped while not connected. */
  send(pdu: Uint8Array): void {
    if (this.#mode !== "connected") {
      this.#drop("not-connected", pdu);
      return;
    }
    this.#window.queue(wrapLlc(pdu, "response"));
    if (this.#turn) this.#respond();
  }

  /** The message is not answered: RR gives the turn back, so that the client does not wait until its timeout. */
  yield(): void {
    if (this.#turn) this.#respond();
  }

  /** Sends an unsolicited PDU in UI frames, without acknowledgement. */
  sendUnnumbered(pdu: Uint8Array): void {
    const message = wrapLlc(pdu, "response");
    const { maxInfoSend } = this.#parameters;
    for (let at = 0; at < message.length; at += maxInfoSend) {
      const end = Math.min(at + maxInfoSend, message.length);
      this.#sender.send({ frame: "ui", pollFinal: false }, message.subarray(at, end), end < message.length);
    }
  }

  /**
   * Sends unsolicited PDUs in UI frames when this end has the turn and no information frame waits. They are dropped while not
   * connected, because a server sends only when it is polled.
   */
  notify(unasked: Unasked): void {
    if (this.#mode !== "connected") return;
    this.#unasked.push(unasked);
    if (this.#turn) this.#sayUnasked();
  }

  /** Sent first in the turn, so that PDUs that are protected later are also sent later. */
  #sayUnasked(): void {
    if (!this.#window.idle || this.#peerBusy) return;
    for (const unasked of this.#unasked.splice(0)) {
      for (const pdu of unasked.pdus()) this.sendUnnumbered(pdu);
      unasked.left();
    }
  }

  /** Closes the link when the client was silent for too long. */
  expire(now: number): void {
    const { deadline } = this;
    if (deadline !== undefined && now >= deadline) this.#disconnect("timeout");
  }

  /** Closes the server's end. A secondary station cannot inform the client. */
  close(): void {
    if (this.#mode !== "disconnected") this.#disconnect("closed");
  }

  #accept(frame: Frame, octets: Uint8Array): void {
    if (!frame.pollFinal) {
      this.#drop("no-poll", octets);
      return;
    }
    if (this.#mode !== "disconnected") this.#disconnect("disc");
    let proposed: Negotiation = {};
    try {
      proposed = decodeNegotiation(frame.information);
    } catch (caught) {
      // An invalid parameter list proposes nothing: the defaults apply.
      if (!(caught instanceof Fault)) throw caught;
    }
    this.#parameters = negotiate(this.#own, proposed);
    this.#window.reset(this.#parameters.maxInfoSend, this.#parameters.windowSend);
    this.#receiveSequence = 0;
    this.#mode = "connected";
    this.#outputs.push({ type: "connected", address: this.address });
    this.#answer(frame, { frame: "ua", pollFinal: true }, encodeNegotiation(negotiationOf(this.#parameters)));
  }

  #disconnect(why: "disc" | "timeout" | "closed"): void {
    this.#mode = "disconnected";
    this.#window.reset();
    this.#assembler.clear();
    this.#turn = false;
    this.#unasked = [];
    this.#peerBusy = false;
    this.#parameters = this.#own;
    this.#outputs.push({ type: "disconnected", why, address: this.address });
  }

  #information(frame: Frame & { frame: "i" }, octets: Uint8Array): void {
    if (frame.information.length > this.#parameters.maxInfoReceive) {
      this.#reject(frame, "information-too-long");
      return;
    }
    if (this.#window.acknowledge(frame.receiveSequence) < 0) {
      this.#reject(frame, "bad-receive-sequence");
      return;
    }
    this.#peerBusy = false;
    if (frame.sendSequence !== this.#receiveSequence) {
      // A repeated frame, or a gap: unacknowledged frames are sent again, and N(R) is the number of the expected frame.
      this.#drop("sequence", octets);
      this.#poll(frame);
      return;
    }
    if (!this.#assembler.append(frame.information)) {
      this.#reject(frame, "information-too-long");
      return;
    }
    this.#receiveSequence = (this.#receiveSequence + 1) & 7;
    if (frame.pollFinal) this.#sayUnasked();
    if (frame.segmented) {
      this.#poll(frame);
      return;
    }
    const pdu = unwrapLlc(this.#assembler.take(), "command");
    if (pdu === undefined) {
      this.#drop("llc", octets);
      this.#poll(frame);
      return;
    }
    this.#turn = frame.pollFinal && this.#window.idle;
    this.#outputs.push({ type: "received", pdu, address: this.address });
    if (!this.#turn) this.#poll(frame);
  }

  #acknowledge(frame: Frame): void {
    if (frame.information.length > 0) {
      this.#reject(frame, "information-not-permitted");
      return;
    }
    if ("receiveSequence" in frame && this.#window.acknowledge(frame.receiveSequence) < 0) {
      this.#reject(frame, "bad-receive-sequence");
      return;
    }
    this.#peerBusy = frame.frame === "rnr";
    if (frame.pollFinal) this.#sayUnasked();
    this.#poll(frame);
  }

  #deliver(frame: Frame, octets: Uint8Array): void {
    if (frame.information.length > this.#parameters.maxInfoReceive) {
      this.#drop("information-too-long", octets);
      return;
    }
    const pdu = frame.segmented ? undefined : unwrapLlc(frame.information, "command");
    if (pdu === undefined) {
      this.#drop("llc", octets);
      return;
    }
    this.#outputs.push({ type: "received", pdu, address: this.address });
  }

  #reject(frame: Frame, reason: RejectReason): void {
    this.#rejection = encodeRejection({
      control: encodeControl(frame),
      sendSequence: this.#window.sendSequence,
      receiveSequence: this.#receiveSequence,
      response: false,
      reasons: [reason],
    });
    this.#mode = "rejected";
    this.#window.reset();
    this.#assembler.clear();
    this.#turn = false;
    this.#answer(frame, { frame: "frmr", pollFinal: true }, this.#rejection);
  }

  #poll(frame: Frame): void {
    if (frame.pollFinal) this.#respond();
  }

  /** Uses the turn: sends information frames up to the window size, the last with F=1; if there are none, sends RR. */
  #respond(): void {
    this.#turn = false;
    const receiveSequence = this.#receiveSequence;
    if (this.#peerBusy || !this.#sender.sendTurn(this.#window, receiveSequence)) {
      this.#sender.send({ frame: "rr", pollFinal: true, receiveSequence });
    }
  }

  /** Answers a frame with P=1 only: a secondary station sends only when it is polled. */
  #answer(frame: Frame, control: Control, information: Uint8Array = empty): void {
    if (frame.pollFinal) this.#sender.send(control, information);
  }

  #drop(why: string, octets: Uint8Array): void {
    this.#outputs.push({ type: "dropped", why, octets });
  }
}
