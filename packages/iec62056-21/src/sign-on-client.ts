import { Fault, type LinkOutput } from "@dlmskit/core";
import type { OutputQueue } from "@dlmskit/core/internal";
import { baudRateCharacter, lineTime } from "./baud-rates.ts";
import { LF } from "./control-characters.ts";
import { withoutParity, withParity } from "./parity.ts";
import { decodeIdentification, encodeRequest, type Identification } from "./sign-on.ts";

export interface SignOnOptions {
  /** The address of the meter that shall answer; empty (any meter) by default. */
  readonly deviceAddress?: string;
  /** The baud rate at which the sign-on begins; 300 by default. */
  readonly initialBaudRate?: number;
  /** The highest baud rate after the change; 19200 by default. */
  readonly highestBaudRate?: number;
  /** Whether the port itself has 7 data bits and even parity. Otherwise the port always has 8N1, and this class handles the parity. */
  readonly sevenBits?: boolean;
  /** The maximum time before an answer and between its octets (at most 500 there), in ms; 1500 by default (clause 6.3.14.1). */
  readonly timeout?: number;
  /** The maximum number of repetitions of the request; 2 by default. */
  readonly retries?: number;
}

const layer = "iec62056-21";
/** The maximum length of a line; request and identification messages are shorter. */
const longestMessage = 100;

/** The sign-on of a client in modes A, B, C and E: request and identification at the initial baud rate, with repetitions. */
export class SignOnClient {
  readonly #options: SignOnOptions;
  readonly #outputs: OutputQueue<LinkOutput>;
  readonly initial: number;
  readonly timeout: number;
  deadline: number | undefined;
  /** When an identification must have been received: endless noise does not hold the client. */
  #latest = 0;
  #line: number[] = [];
  #attempts = 0;
  #baudRate = 0;
  #refused: Fault | undefined;

  /** Faults `bad-value`, `bad-baud-rate` for invalid options. */
  constructor(options: SignOnOptions, outputs: OutputQueue<LinkOutput>) {
    this.#options = options;
    this.#outputs = outputs;
    this.initial = options.initialBaudRate ?? 300;
    this.timeout = options.timeout ?? 1500;
    encodeRequest({ deviceAddress: options.deviceAddress ?? "" });
    baudRateCharacter(this.highest);
  }

  get highest(): number {
    return this.#options.highestBaudRate ?? 19_200;
  }

  begin(now: number): void {
    this.#attempts = 0;
    this.#refused = undefined;
    this.#request(now);
  }

  /** Removes the parity from octets. */
  plain(octets: Uint8Array): Uint8Array {
    return this.#options.sevenBits === true ? octets : withoutParity(octets, "even");
  }

  /** Adds an octet. Gives the identification if the octet completes one. */
  take(octet: number, now: number): Identification | undefined {
    this.deadline = Math.min(now + Math.min(this.timeout, 500), this.#latest);
    this.#line.push(octet);
    if (this.#line.length > longestMessage) this.#line.shift();
    if (octet !== LF) return undefined;
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    // Noise may precede the slash.
    const start = line.lastIndexOf(0x2f);
    // This is the echo of an optical head.
    if (start < 0 || line[start + 1] === 0x3f) return undefined;
    try {
      return decodeIdentification(line.subarray(start));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#refused = caught;
      return undefined;
    }
  }

  /** After a timeout: repeats the request, or gives the Fault after the last try. */
  again(now: number): Fault | undefined {
    if (this.#attempts++ < (this.#options.retries ?? 2)) {
      this.#request(now);
      return undefined;
    }
    const message = `no meter answers a request at ${this.initial} baud`;
    const hint = "check the position of the optical head, the device address, and that the port uses 8N1";
    return this.#refused ?? new Fault("no-answer", message, { layer, hint });
  }

  transmit(octets: Uint8Array): void {
    const sent = this.#options.sevenBits === true ? octets : withParity(octets, "even");
    this.#outputs.push({ type: "transmit", octets: sent });
  }

  changeTo(baudRate: number): void {
    if (this.#baudRate === baudRate) return;
    this.#baudRate = baudRate;
    this.#outputs.push({ type: "baud-rate", baudRate });
  }

  #request(now: number): void {
    this.#line = [];
    this.changeTo(this.initial);
    const octets = encodeRequest({ deviceAddress: this.#options.deviceAddress ?? "" });
    this.transmit(octets);
    this.deadline = now + this.timeout + lineTime(octets.length, this.initial);
    this.#latest = this.deadline + lineTime(2 * longestMessage, this.initial);
  }
}
