import { type ClientLink, type Fault, inRange, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { type HdlcAddress, hdlcAddress, linkAddress, sameStation } from "./address.ts";
import { Assembler } from "./assembler.ts";
import type { FrameType } from "./control.ts";
import type { Frame } from "./frame.ts";
import { unwrapResponse, wrapLlc } from "./llc.ts";
import {
  decodeNegotiation,
  exceeds,
  type Negotiation,
  negotiate,
  ownParameters,
  type Parameters,
} from "./negotiation.ts";
import {
  aboveProposal,
  connectionLost,
  connectionRefused,
  frameTooLong,
  messageTooLong,
  noAnswer,
  polledInVain,
  unreadableParameters,
} from "./primary-faults.ts";
import {
  type HdlcQuirk,
  type PrimaryAct,
  type PrimaryMode,
  type PrimaryOptions,
  type PrimaryTiming,
  primaryTiming,
  primaryTransitions,
} from "./primary-options.ts";
import { SendWindow } from "./send-window.ts";
import { FrameSplitter } from "./splitter.ts";
import { TurnSender } from "./turn-sender.ts";

/**
 * The client's end of an HDLC link. A sent PDU is repeated until the server acknowledges it, at most `retries` times.
 * Repeated answers are dropped. When the link fails, `disconnected` gives the reason as a Fault: `no-answer`, `link-refused`,
 * `frame-rejected`, `bad-parameters`, `frame-too-long`, `message-too-long`.
 */
export class Primary implements ClientLink {
  readonly address: LinkAddress;
  readonly #here: HdlcAddress;
  readonly #there: HdlcAddress;
  readonly #own: Parameters;
  readonly #timing: PrimaryTiming;
  readonly #quirks: readonly HdlcQuirk[];
  readonly #splitter: FrameSplitter;
  readonly #sender: TurnSender;
  readonly #window = new SendWindow();
  readonly #assembler: Assembler;
  readonly #unnumbered: Assembler;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #parameters: Parameters;
  #mode: PrimaryMode = "disconnected";
  #receiveSequence = 0;
  /** The reason why the client gave the turn to the server, while the server has it. */
  #asked: "information" | "poll" | undefined;
  #attempts = 0;
  #deadline: number | undefined;
  #peerBusy = false;
  /** The time at which polling for an answer stops; undefined when no answer is expected. */
  #expectUntil: number | undefined;

  /** Faults `out-of-range`, `bad-address` for invalid options. */
  constructor(options: PrimaryOptions) {
    this.#here = hdlcAddress({ upper: inRange(options.client, 1, 0x7e), octets: 1 });
    this.#there = hdlcAddress(options.server);
    this.address = linkAddress(options.client, this.#there);
    this.#own = ownParameters(options);
    this.#parameters = this.#own;
    this.#timing = primaryTiming(options);
    this.#quirks = options.quirks ?? [];
    this.#sender = new TurnSender({
      here: this.#here,
      there: this.#there,
      own: this.#own,
      quirks: this.#quirks,
      transmit: (octets) => this.#outputs.push({ type: "transmit", octets }),
    });
    this.#splitter = new FrameSplitter(options.interOctet ?? 500);
    const cap = (options.maxMessage ?? 0x100000) + 3;
    this.#assembler = new Assembler(cap);
    this.#unnumbered = new Assembler(cap);
  }

  get mode(): PrimaryMode {
    return this.#mode;
  }

  /** The negotiated parameters; before the negotiation, the parameters that this end proposes. */
  get parameters(): Parameters {
    return this.#parameters;
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  /** Sends SNRM; `connected` or `disconnected` follows. Does nothing when the link is not disconnected. */
  connect(now: number): void {
    if (this.#mode !== "disconnected") return;
    this.#reset("connecting");
    this.#splitter.reset();
    this.#snrm(now);
  }

  /** Sends a PDU when the client has the turn: at once, or after the expected answer. The PDU is dropped while not connected. */
  send(pdu: Uint8Array, now: number): void {
    if (this.#mode !== "connected" && this.#mode !== "connecting") {
      this.#drop("not-connected", pdu);
      return;
    }
    this.#window.queue(wrapLlc(pdu, "command"));
    this.#expectUntil = now + this.#timing.pollFor;
    if (this.#mode === "connected" && this.#asked === undefined) this.#proceed(now, true);
  }

  yield(): void {
    this.#expectUntil = undefined;
  }

  /** Sends a PDU in one UI frame without acknowledgement, also while not connected. Fault `frame-too-long` above 2047 octets. */
  sendUnnumbered(pdu: Uint8Array): void {
    this.#sender.ui(wrapLlc(pdu, "command"));
  }

  /** Sends DISC; `disconnected` follows. */
  close(now: number): void {
    if (this.#mode === "connecting") {
      this.#disconnect("closed");
      return;
    }
    if (this.#mode !== "connected") return;
    this.#reset("disconnecting");
    this.#disc(now);
  }

  receive(octets: Uint8Array, now: number): void {
    for (const split of this.#splitter.push(octets, now)) {
      if (split.frame === undefined) this.#drop(split.why, split.octets);
      else this.#take(split.frame, split.octets, now);
    }
  }

  expire(now: number): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#deadline = undefined;
    const waiting = this.#mode !== "connected" || this.#asked !== undefined;
    if (waiting && this.#attempts >= this.#timing.retries) {
      const bareSnrm = this.#mode === "connecting" && this.#sender.bareSnrm;
      this.#disconnect("no-answer", noAnswer(this.#attempts + 1, bareSnrm));
      return;
    }
    if (waiting) this.#attempts++;
    if (this.#mode === "connecting") {
      this.#snrm(now);
      return;
    }
    if (this.#mode === "disconnecting") {
      this.#disc(now);
      return;
    }
    // Connected: this is the only place where frames are sent again or where the server is polled.
    if (this.#asked === "information") {
      this.#proceed(now, true);
      return;
    }
    this.#rr(now);
  }

  #take(frame: Frame, octets: Uint8Array, now: number): void {
    if (this.#sender.isEcho(octets)) {
      this.#drop("echo", octets);
      return;
    }
    if (!sameStation(frame.source, this.#there) || !sameStation(frame.destination, this.#here)) {
      this.#drop("address", octets);
      return;
    }
    const acts: Partial<Record<FrameType, PrimaryAct>> = primaryTransitions[this.#mode];
    switch (acts[frame.frame]) {
      case "open":
        this.#open(frame, now);
        return;
      case "refused":
        this.#disconnect("refused", connectionRefused(frame));
        return;
      case "information":
        if (frame.frame === "i") this.#information(frame, octets, now);
        return;
      case "acknowledge":
        if (frame.frame === "rr" || frame.frame === "rnr") this.#acknowledge(frame, octets, now);
        return;
      case "lost":
        this.#disconnect(frame.frame === "dm" ? "disc" : "refused", connectionLost(frame));
        return;
      case "closed":
        this.#disconnect("disc");
        return;
      case "deliver":
        this.#deliver(frame, octets);
        return;
      default:
        this.#drop("frame-type", octets);
        return;
    }
  }

  #open(frame: Frame, now: number): void {
    let said: Negotiation;
    try {
      said = decodeNegotiation(frame.information);
    } catch (caught) {
      this.#fail(unreadableParameters(caught));
      return;
    }
    if (exceeds(this.#own, said) && !this.#quirks.includes("ua-above-proposal")) {
      this.#fail(aboveProposal());
      return;
    }
    this.#parameters = negotiate(this.#own, said);
    this.#window.setLimits(this.#parameters.maxInfoSend, this.#parameters.windowSend);
    this.#mode = "connected";
    this.#attempts = 0;
    this.#deadline = undefined;
    this.#outputs.push({ type: "connected", address: this.address });
    if (this.#window.idle) this.#rest(now);
    else this.#proceed(now, true);
  }

  /** Makes the link idle: no request is open, and no answer is expected. */
  #rest(now: number): void {
    if (this.#timing.pollIdle !== undefined) this.#deadline = now + this.#timing.pollIdle;
  }

  #information(frame: Frame & { frame: "i" }, octets: Uint8Array, now: number): void {
    if (frame.information.length > this.#parameters.maxInfoReceive) {
      this.#fail(frameTooLong(frame.information.length, this.#parameters.maxInfoReceive));
      return;
    }
    const counted = !this.#quirks.includes("ignore-sequence");
    const ahead = counted ? (frame.sendSequence - this.#receiveSequence) & 7 : 0;
    // N(S) is too low: the frame is repeated, or it arrives later than its repetition. It does not answer the last request.
    const receiveSequence = counted ? frame.receiveSequence : this.#window.sendSequence;
    if (ahead >= this.#parameters.windowReceive || this.#window.acknowledge(receiveSequence) < 0) {
      this.#drop("sequence", octets);
      return;
    }
    this.#peerBusy = false;
    if (ahead > 0) {
      // A gap: earlier frames were lost, and N(R) requests them again. This is not counted as progress, so the number of tries is limited.
      this.#drop("sequence", octets);
      if (frame.pollFinal && this.#asked !== undefined) this.#again(now);
      return;
    }
    this.#receiveSequence = (this.#receiveSequence + 1) & 7;
    this.#attempts = 0;
    if (!this.#assembler.append(frame.information)) {
      this.#fail(messageTooLong());
      return;
    }
    if (!frame.segmented) {
      const pdu = unwrapResponse(this.#assembler.take(), this.#quirks);
      if (pdu === undefined) {
        this.#drop("llc", octets);
      } else {
        if (this.#window.idle) this.#expectUntil = undefined;
        this.#outputs.push({ type: "received", pdu, address: this.address });
      }
    }
    if (frame.pollFinal) this.#proceed(now, true);
    else if (this.#asked !== undefined) this.#arm(now);
  }

  #acknowledge(frame: Frame & { frame: "rr" | "rnr" }, octets: Uint8Array, now: number): void {
    const counted = !this.#quirks.includes("ignore-sequence");
    const acknowledged = this.#window.acknowledge(counted ? frame.receiveSequence : this.#window.sendSequence);
    // An RR that acknowledges no new frame may be an old one that arrived late: only the timer causes a repetition.
    const stale = this.#asked === "information" && acknowledged === 0 && this.#window.unacknowledged > 0;
    if (acknowledged < 0 || this.#asked === undefined || (stale && frame.frame === "rr")) {
      this.#drop("sequence", octets);
      return;
    }
    this.#peerBusy = frame.frame === "rnr";
    if (!frame.pollFinal) {
      this.#arm(now);
      return;
    }
    this.#attempts = 0;
    this.#proceed(now, false);
  }

  #deliver(frame: Frame, octets: Uint8Array): void {
    if (!this.#unnumbered.append(frame.information)) {
      this.#drop("message-too-long", octets);
      return;
    }
    if (frame.segmented) return;
    const pdu = unwrapResponse(this.#unnumbered.take(), this.#quirks);
    if (pdu === undefined) {
      this.#drop("llc", octets);
      return;
    }
    this.#outputs.push({ type: "received", pdu, address: this.address });
  }

  /** The client has the turn: it sends waiting PDUs, requests the rest of a message, or polls for an answer after a delay. */
  #proceed(now: number, progress: boolean): void {
    this.#asked = undefined;
    this.#deadline = undefined;
    this.#sender.begin();
    if (!this.#peerBusy && this.#sender.information(this.#window, this.#receiveSequence)) {
      this.#asked = "information";
      this.#arm(now);
      return;
    }
    const unfinished = this.#assembler.length > 0;
    if (unfinished && progress) {
      this.#expectUntil = now + this.#timing.pollFor;
      this.#rr(now);
      return;
    }
    if (this.#expectUntil === undefined) {
      this.#rest(now);
      return;
    }
    if (now < this.#expectUntil) {
      this.#deadline = now + this.#timing.pollInterval;
      return;
    }
    this.#expectUntil = undefined;
    if (unfinished || this.#peerBusy) {
      this.#fail(polledInVain(), "no-answer");
    } else this.#rest(now);
  }

  /** Requests the missing frames again after a gap; this counts as a try. */
  #again(now: number): void {
    if (this.#attempts >= this.#timing.retries) return;
    this.#attempts++;
    this.#rr(now);
  }

  #rr(now: number): void {
    this.#sender.rr(this.#receiveSequence);
    this.#asked = "poll";
    this.#arm(now);
  }

  #snrm(now: number): void {
    this.#sender.snrm();
    this.#arm(now);
  }

  #disc(now: number): void {
    this.#sender.disc();
    this.#arm(now);
  }

  #arm(now: number): void {
    this.#deadline = now + this.#timing.timeout;
  }

  /** The server violates the protocol: sends DISC and disconnects without waiting for an answer. */
  #fail(fault: Fault, why: "refused" | "no-answer" = "refused"): void {
    this.#sender.disc();
    this.#disconnect(why, fault);
  }

  #disconnect(why: "disc" | "refused" | "closed" | "no-answer", fault?: Fault): void {
    this.#reset("disconnected");
    this.#outputs.push({ type: "disconnected", why, address: this.address, ...(fault === undefined ? {} : { fault }) });
  }

  #reset(mode: PrimaryMode): void {
    this.#mode = mode;
    this.#parameters = this.#own;
    this.#window.reset();
    this.#assembler.clear();
    this.#unnumbered.clear();
    this.#receiveSequence = 0;
    this.#asked = undefined;
    this.#attempts = 0;
    this.#deadline = undefined;
    this.#peerBusy = false;
    this.#expectUntil = undefined;
  }

  #drop(why: string, octets: Uint8Array): void {
    this.#outputs.push({ type: "dropped", why, octets });
  }
}
