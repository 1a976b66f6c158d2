import { Fault, type LinkOutput } from "@dlmskit/core";
import type { OutputQueue } from "@dlmskit/core/internal";
import { baudRateCharacter, lineTime } from "./baud-rates.ts";
import { LF } from "./control-characters.ts";
import { withoutParity, withParity } from "./parity.ts";
import { decodeIdentification, encodeRequest, type Identification } from "./sign-on.ts";

export interface SignOnOptions {
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

const layer = "iec62056-21";
/** Request and identification messages are shorter. */
const longestMessage = 100;

/** Request and identification at the initial baud rate, with repetitions: how a client begins in modes A, B, C and E. */
export class SignOnClient {
  readonly #options: SignOnOptions;
  readonly #outputs: OutputQueue<LinkOutput>;
  readonly initial: number;
  readonly timeout: number;
  deadline: number | undefined;
  #line: number[] = [];
  #attempts = 0;
  #baudRate = 0;
  #refused: Fault | undefined;

  /** Faults `bad-value`, `bad-baud-rate` for options that cannot be. */
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

  /** The octets without parity. */
  plain(octets: Uint8Array): Uint8Array {
    return this.#options.sevenBits === true ? octets : withoutParity(octets, "even");
  }

  /** The identification that an octet completes. */
  take(octet: number, now: number): Identification | undefined {
    this.deadline = now + Math.min(this.timeout, 500);
    this.#line.push(octet);
    if (this.#line.length > longestMessage) this.#line.shift();
    if (octet !== LF) return undefined;
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    // Before it there may be noise.
    const start = line.lastIndexOf(0x2f);
    // The echo of an optical head.
    if (start < 0 || line[start + 1] === 0x3f) return undefined;
    try {
      return decodeIdentification(line.subarray(start));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#refused = caught;
      return undefined;
    }
  }

  /** Nothing came in time: asks again, or gives the Fault when all tries are used up. */
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
  }
}
