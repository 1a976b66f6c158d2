import { type ClientLink, Fault, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { baudRateCharacter, baudRateOf, modeOf } from "./baud-rates.ts";
import { LF } from "./control-characters.ts";
import { withoutParity, withParity } from "./parity.ts";
import { decodeIdentification, encodeOptionSelect, encodeRequest, type Identification } from "./sign-on.ts";

export interface ModeEClientOptions {
  /** The link that goes on after the sign-on: a `Primary` of `@dlmskit/hdlc`. */
  readonly link: ClientLink;
  /** Who shall answer; empty, whoever is there, unless given. */
  readonly deviceAddress?: string;
  /** At which the sign-on begins, 300 by default. */
  readonly initialBaudRate?: number;
  /** The highest to change to; 19200 by default. */
  readonly highestBaudRate?: number;
  /** Whether the port itself has 7 data bits and even parity. Otherwise it has 8N1 all the time, and parity is made here. */
  readonly sevenBits?: boolean;
  /** ms in which a meter must begin to answer, and go on after each octet; 1500 (clause 6.3.14.1) and 500 by default. */
  readonly timeout?: number;
  /** How often the request is repeated; 2 by default. */
  readonly retries?: number;
}

type State = "disconnected" | "requested" | "selected" | "linked";

const layer = "iec62056-21";
/** Request and identification messages are shorter. */
const longestMessage = 100;
/** A meter takes as long to change its baud rate; after the option select message and before the first frame, ms. */
const changeTime = 250;

/** The time that octets need at a baud rate of 10 bits an octet, ms. */
export const lineTime = (octets: number, baudRate: number): number => Math.ceil((octets * 10_000) / baudRate);

/**
 * The client's end of protocol mode E (IEC 62056-21, Annex E): request at 300 baud, identification, option select of HDLC, change
 * of the baud rate, then the link. Each `connect` begins at the initial baud rate again, so that a meter that has fallen back is
 * found. `disconnected` has Fault `no-answer`, `mode-not-offered` or `bad-message` where the sign-on fails.
 */
export class ModeEClient implements ClientLink {
  readonly #options: ModeEClientOptions;
  readonly #link: ClientLink;
  readonly #initial: number;
  readonly #timeout: number;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #state: State = "disconnected";
  #identification: Identification | undefined;
  #line: number[] = [];
  #attempts = 0;
  #deadline: number | undefined;
  #baudRate = 0;
  #refused: Fault | undefined;

  constructor(options: ModeEClientOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#initial = options.initialBaudRate ?? 300;
    this.#timeout = options.timeout ?? 1500;
    // Faults of options that cannot be are raised here.
    encodeRequest({ deviceAddress: options.deviceAddress ?? "" });
    baudRateCharacter(options.highestBaudRate ?? 19_200);
  }

  get address(): LinkAddress | undefined {
    return (this.#link as { readonly address?: LinkAddress }).address;
  }

  /** What the meter called itself in the last sign-on. */
  get identification(): Identification | undefined {
    return this.#identification;
  }

  get deadline(): number | undefined {
    return this.#state === "linked" ? this.#link.deadline : this.#deadline;
  }

  connect(now: number): void {
    if (this.#state !== "disconnected") return;
    this.#attempts = 0;
    this.#refused = undefined;
    this.#request(now);
  }

  receive(octets: Uint8Array, now: number): void {
    if (this.#state === "linked") {
      this.#link.receive(octets, now);
    } else if (this.#state === "requested") {
      this.#deadline = now + Math.min(this.#timeout, 500);
      for (const octet of this.#options.sevenBits === true ? octets : withoutParity(octets, "even")) {
        this.#take(octet, now);
      }
    }
  }

  send(pdu: Uint8Array, now: number): void {
    this.#link.send(pdu, now);
  }

  yield(now: number, address?: LinkAddress): void {
    this.#link.yield?.(now, address);
  }

  expire(now: number): void {
    if (this.#state === "linked") {
      this.#link.expire(now);
    } else if (this.#deadline !== undefined && now >= this.#deadline) {
      this.#deadline = undefined;
      if (this.#state === "requested") this.#again(now);
      else if (this.#state === "selected") this.#change(now);
    }
  }

  close(now: number): void {
    if (this.#state === "linked") this.#link.close(now);
    else if (this.#state !== "disconnected") this.#end("closed");
  }

  poll(): LinkOutput | undefined {
    const own = this.#outputs.shift();
    if (own !== undefined) return own;
    const output = this.#link.poll();
    // The next connect signs on again: the meter falls back to the initial baud rate.
    if (output?.type === "disconnected" && this.#state === "linked") this.#state = "disconnected";
    return output;
  }

  #request(now: number): void {
    const { deviceAddress = "" } = this.#options;
    this.#state = "requested";
    this.#line = [];
    if (this.#baudRate !== this.#initial) this.#changeTo(this.#initial);
    const octets = encodeRequest({ deviceAddress });
    this.#transmit(octets);
    this.#deadline = now + this.#timeout + lineTime(octets.length, this.#initial);
  }

  #take(octet: number, now: number): void {
    if (this.#state !== "requested") return;
    this.#line.push(octet);
    if (this.#line.length > longestMessage) this.#line.shift();
    if (octet !== LF) return;
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    // Before it there may be noise.
    const start = line.lastIndexOf(0x2f);
    // The echo of an optical head.
    if (start < 0 || line[start + 1] === 0x3f) return;
    try {
      this.#identified(decodeIdentification(line.subarray(start)), now);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#refused = caught;
    }
  }

  #identified(identification: Identification, now: number): void {
    this.#identification = identification;
    const { enhanced, baudRate, manufacturer } = identification;
    if (!enhanced.includes("2") || modeOf(baudRate) !== "C") {
      const message = `the meter ${manufacturer}${identification.identification} does not offer mode E`;
      const hint = "read it without mode E, or read its data block";
      this.#end("refused", new Fault("mode-not-offered", message, { layer, hint }));
      return;
    }
    const rate = Math.min(baudRateOf(baudRate), this.#options.highestBaudRate ?? 19_200);
    const octets = encodeOptionSelect({ protocol: 2, baudRate: baudRateCharacter(rate), mode: 2 });
    this.#transmit(octets);
    this.#changeTo(rate);
    this.#state = "selected";
    this.#deadline = now + lineTime(octets.length, this.#initial) + changeTime;
  }

  /** What comes before the change has had its time, the meter's confirmation or an echo, is not HDLC. */
  #change(now: number): void {
    this.#state = "linked";
    this.#link.connect(now);
  }

  #again(now: number): void {
    if (this.#attempts++ < (this.#options.retries ?? 2)) {
      this.#request(now);
      return;
    }
    const message = `no meter answers a request at ${this.#initial} baud`;
    const hint = "check the position of the optical head, the device address, and that the port uses 8N1";
    this.#end("no-answer", this.#refused ?? new Fault("no-answer", message, { layer, hint }));
  }

  #transmit(octets: Uint8Array): void {
    const sent = this.#options.sevenBits === true ? octets : withParity(octets, "even");
    this.#outputs.push({ type: "transmit", octets: sent });
  }

  #changeTo(baudRate: number): void {
    this.#baudRate = baudRate;
    this.#outputs.push({ type: "baud-rate", baudRate });
  }

  #end(why: "refused" | "no-answer" | "closed", fault?: Fault): void {
    this.#state = "disconnected";
    this.#deadline = undefined;
    this.#outputs.push({ type: "disconnected", why, ...(fault === undefined ? {} : { fault }) });
  }
}
