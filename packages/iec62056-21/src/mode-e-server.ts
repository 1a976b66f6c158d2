import { concat, type Link, type LinkAddress, type LinkOutput, type SettingsOf } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { baudRateOf, lineTime, modeOf } from "./baud-rates.ts";
import { ACK, LF, NAK } from "./control-characters.ts";
import { encodeDataMessage } from "./data-block.ts";
import type { DataSet } from "./data-set.ts";

import { withoutParity, withParity } from "./parity.ts";
import {
  addresses,
  decodeOptionSelect,
  decodeRequest,
  encodeIdentification,
  encodeOptionSelect,
  type Identification,
  type OptionSelect,
} from "./sign-on.ts";

export interface ModeEServerOptions {
  /** The link that is used after the sign-on: a `Station` of `@dlmskit/hdlc`. */
  readonly link: Link;
  readonly identification: Identification;
  /** The meter's address, or a function that decides whether an address matches. It is called at each request, before `readout`. */
  readonly deviceAddress: string | ((address: string) => boolean);
  /**
   * The data sets of the data message in modes A, B and C; without this function there is no data message. Undefined means that the
   * values are not ready: the function is called again every 20 ms, for at most 1500 ms.
   */
  readonly readout?: () => readonly DataSet[] | undefined;
  /** The baud rate of requests; 300 by default. */
  readonly initialBaudRate?: number;
  /** Whether the port itself has 7 data bits and even parity. Otherwise the port always has 8N1, and this class handles the parity. */
  readonly sevenBits?: boolean;
  /** The delay before an answer, in ms; 200 (clause 6.3.14.1) by default. */
  readonly reactionTime?: number;
  /** ms without a frame after the change to HDLC until the meter returns to the initial baud rate; 5000 by default. */
  readonly silence?: number;
}

type State = "waiting" | "identifying" | "identified" | "selecting" | "preparing" | "readout" | "linked";

const longestMessage = 100;
/** The time for the option select message in mode C: 1500 ms (clause 6.3.14.1), plus the time of the identification. */
const selectTime = 1500;
/** How often a client may request the data message again. */
const mostRepetitions = 3;
/** The interval and the maximum time of calls for a readout that is not ready, in ms. */
const prepareEvery = 20;
const prepareTime = 1500;

/**
 * The meter's end of protocol mode E, and of the readout in modes A, B and C: answers requests at the initial baud rate, then uses
 * HDLC or sends its data message. The baud rate identification decides the mode: a digit is C (and E if `enhanced` has a 2), a
 * letter A to F is B, anything else is A. The meter returns to the initial baud rate when the data link ends or when no frame
 * arrives (`silence`).
 */
export class ModeEServer implements Link {
  readonly #options: ModeEServerOptions;
  readonly #link: Link;
  readonly #initial: number;
  readonly #outputs = new OutputQueue<LinkOutput>();
  readonly #identification: Uint8Array;
  #state: State = "waiting";
  #message: number[] = [];
  #select: OptionSelect | undefined;
  #sent: Uint8Array = new Uint8Array(0);
  /** How often the data message was requested again. */
  #repeated = 0;
  #baudRate: number;
  #deadline: number | undefined;
  #prepareUntil = 0;
  /** Whether an HDLC frame was received since the change. */
  #heard = false;
  /** Whether the data link has ended. */
  #over = false;

  /** Fault `bad-value` for an identification that cannot be sent. */
  constructor(options: ModeEServerOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#initial = options.initialBaudRate ?? 300;
    this.#baudRate = this.#initial;
    this.#identification = encodeIdentification(options.identification);
  }

  get deadline(): number | undefined {
    if (this.#state !== "linked") return this.#deadline;
    const { deadline } = this.#link;
    if (this.#deadline === undefined || deadline === undefined) return this.#deadline ?? deadline;
    return Math.min(this.#deadline, deadline);
  }

  receive(octets: Uint8Array, now: number): void {
    if (this.#state === "linked") {
      this.#link.receive(octets, now);
      return;
    }
    for (const octet of this.#options.sevenBits === true ? octets : withoutParity(octets, "even"))
      this.#take(octet, now);
  }

  send(pdu: Uint8Array, now: number, address?: LinkAddress): void {
    this.#link.send(pdu, now, address);
  }

  follow(settings: SettingsOf): void {
    this.#link.follow?.(settings);
  }

  settled(now: number, address: LinkAddress): void {
    this.#link.settled?.(now, address);
  }

  yield(now: number, address?: LinkAddress): void {
    this.#link.yield?.(now, address);
  }

  expire(now: number): void {
    if (this.#deadline !== undefined && now >= this.#deadline) this.#due(now);
    const { deadline } = this.#link;
    if (this.#state === "linked" && deadline !== undefined && now >= deadline) this.#link.expire(now);
  }

  close(now: number): void {
    this.#link.close(now);
  }

  poll(): LinkOutput | undefined {
    const own = this.#outputs.shift();
    if (own !== undefined) return own;
    const output = this.#link.poll();
    if (output?.type === "connected" || output?.type === "received") {
      this.#heard = true;
      this.#deadline = undefined;
    }
    // SNRM on an open link closes it and opens it again.
    if (output?.type === "connected") this.#over = false;
    if (output?.type === "disconnected") this.#over = true;
    if (output !== undefined || !this.#over) return output;
    // The other outputs of the link (the UA of a DISC) were sent at the old rate.
    this.#over = false;
    if (this.#state === "linked") this.#fallBack();
    return this.#outputs.shift();
  }

  #take(octet: number, now: number): void {
    if (octet === NAK && this.#state === "readout") {
      if (this.#repeated++ < mostRepetitions) this.#sendData(now);
      return;
    }
    // A request starts a new message at any time.
    if (octet === 0x2f || octet === ACK) this.#message = [];
    this.#message.push(octet);
    if (this.#message.length > longestMessage) this.#message.shift();
    if (octet !== LF) return;
    const message = Uint8Array.from(this.#message);
    this.#message = [];
    if (message[0] === ACK) this.#selected(message, now);
    else if (message[0] === 0x2f) this.#requested(message, now);
  }

  #requested(message: Uint8Array, now: number): void {
    const { deviceAddress: own } = this.#options;
    const asked = understood(() => decodeRequest(message).deviceAddress);
    if (asked === undefined) return;
    if (typeof own === "string" ? !addresses(asked, own) : !own(asked)) return;
    this.#state = "identifying";
    this.#deadline = now + (this.#options.reactionTime ?? 200);
  }

  #selected(message: Uint8Array, now: number): void {
    const select = understood(() => decodeOptionSelect(message));
    if (select === undefined || this.#state !== "identified") return;
    this.#select = select;
    this.#state = "selecting";
    this.#deadline = now + (this.#options.reactionTime ?? 200);
  }

  #due(now: number): void {
    this.#deadline = undefined;
    switch (this.#state) {
      case "identifying":
        this.#identify(now);
        return;
      case "preparing":
        this.#readOut(this.#baudRate, now);
        return;
      case "identified":
        // Without an option select message the data are sent at the initial baud rate (clause 6.4.3).
        this.#readOut(this.#initial, now);
        return;
      case "selecting":
        this.#proceed(this.#select as OptionSelect, now);
        return;
      case "linked":
        if (!this.#heard) this.#fallBack();
        return;
      case "readout":
      case "waiting":
        this.#fallBack();
    }
  }

  #identify(now: number): void {
    const { baudRate } = this.#options.identification;
    this.#transmit(this.#identification);
    const mode = modeOf(baudRate);
    if (mode !== "C") {
      // Modes A and B: the data message follows without an option select message (clauses 6.4.1, 6.4.2).
      this.#prepareUntil = now + prepareTime;
      this.#readOut(mode === "A" ? this.#initial : baudRateOf(baudRate), now);
      return;
    }
    this.#state = "identified";
    this.#deadline = now + selectTime + lineTime(this.#identification.length, this.#initial);
    this.#prepareUntil = this.#deadline + prepareTime;
  }

  #proceed(select: OptionSelect, now: number): void {
    const offered = this.#options.identification;
    const rate = Math.min(baudRateOf(select.baudRate), baudRateOf(offered.baudRate));
    if (select.protocol === 2 && select.mode === 2 && offered.enhanced.includes("2")) {
      // The confirmation is sent at the old rate (Annex E).
      this.#transmit(encodeOptionSelect(select));
      this.#changeTo(rate);
      this.#state = "linked";
      this.#heard = false;
      this.#deadline = now + (this.#options.silence ?? 5000);
    } else if (select.mode === 0) {
      this.#readOut(rate, now);
    } else {
      this.#fallBack();
    }
  }

  #readOut(rate: number, now: number): void {
    const { readout } = this.#options;
    if (readout === undefined) {
      this.#fallBack();
      return;
    }
    this.#changeTo(rate);
    const dataSets = readout();
    if (dataSets === undefined && now < this.#prepareUntil) {
      this.#state = "preparing";
      this.#deadline = now + prepareEvery;
      return;
    }
    if (dataSets === undefined) {
      this.#fallBack();
      return;
    }
    this.#sent = encodeDataMessage(dataSets);
    this.#repeated = 0;
    this.#state = "readout";
    this.#sendData(now);
  }

  /** The client may ask for it again until some time after its end. */
  #sendData(now: number): void {
    this.#transmit(this.#sent);
    this.#deadline = now + lineTime(this.#sent.length, this.#baudRate) + selectTime;
  }

  #fallBack(): void {
    this.#state = "waiting";
    this.#deadline = undefined;
    this.#message = [];
    this.#changeTo(this.#initial);
  }

  #transmit(octets: Uint8Array): void {
    const sent = this.#options.sevenBits === true ? octets : withParity(octets, "even");
    this.#outputs.push({ type: "transmit", octets: concat(sent) });
  }

  #changeTo(baudRate: number): void {
    if (this.#baudRate === baudRate) return;
    this.#baudRate = baudRate;
    this.#outputs.push({ type: "baud-rate", baudRate });
  }
}

/** The decoded message; undefined for noise, which a meter does not answer. */
function understood<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
