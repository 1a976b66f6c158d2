import { type ClientLink, Fault, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { openTelegram, type TelegramKeys } from "./ciphered-telegram.ts";
import { withoutParity } from "./parity.ts";
import { nowhere, type Readout } from "./readout-client.ts";
import { decodeTelegram } from "./telegram.ts";
import { type TelegramSplit, TelegramSplitter } from "./telegram-splitter.ts";

export interface TelegramClientOptions {
  /** The maximum time to wait for a complete telegram, in ms; 30,000 by default. Meters of mode D and DSMR send one every 1 to 15 s. */
  readonly timeout?: number;
  /** Whether the line has 7 data bits and even parity (mode D, DSMR before 4) and the port has 8N1: this class removes the parity. */
  readonly parity?: boolean;
  /** For ciphered telegrams. */
  readonly keys?: TelegramKeys;
}

const layer = "iec62056-21";

/**
 * Waits for telegrams that a meter sends without a request: mode D (2400 baud, 7E1), and the customer interface P1 of DSMR. `connect`
 * starts the wait. Each complete telegram gives `received`, and `result` has its content. `disconnected` has Fault `no-answer`, or the
 * Fault of the last damaged telegram.
 */
export class TelegramClient implements ClientLink {
  readonly address = nowhere;
  readonly #options: TelegramClientOptions;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #splitter = new TelegramSplitter();
  #result: Readout | undefined;
  #deadline: number | undefined;
  #fault: Fault | undefined;

  constructor(options: TelegramClientOptions = {}) {
    this.#options = options;
  }

  /** The last telegram; undefined before the first `received`. */
  get result(): Readout | undefined {
    return this.#result;
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  connect(now: number): void {
    this.#fault = undefined;
    this.#splitter = new TelegramSplitter();
    this.#deadline = now + (this.#options.timeout ?? 30_000);
  }

  receive(octets: Uint8Array, now: number): void {
    if (this.#deadline === undefined) return;
    const plain = this.#options.parity === true ? withoutParity(octets, "even") : octets;
    for (const split of this.#splitter.push(plain)) {
      if (split.kind === "noise") this.#outputs.push({ type: "dropped", why: "noise", octets: split.octets });
      else this.#take(split, now);
    }
  }

  /** Does nothing: the client cannot send on this interface. */
  send(): void {}

  expire(now: number): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    const hint = "check the baud rate, the keys of a ciphered meter, and that the meter's interface is switched on";
    const fault = this.#fault ?? new Fault("no-answer", "no telegram was received", { layer, hint });
    this.#deadline = undefined;
    this.#outputs.push({ type: "disconnected", why: "no-answer", address: nowhere, fault });
  }

  close(): void {
    if (this.#deadline === undefined) return;
    this.#deadline = undefined;
    this.#outputs.push({ type: "disconnected", why: "closed", address: nowhere });
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  #take({ kind, octets }: TelegramSplit, now: number): void {
    const { keys, timeout = 30_000 } = this.#options;
    try {
      if (kind === "ciphered" && keys === undefined) {
        const hint = "give the encryption key and the authentication key of this meter";
        throw new Fault("bad-tag", "the telegram is ciphered, but no keys are given", { layer, hint });
      }
      const telegram = kind === "plain" ? decodeTelegram(octets) : openTelegram(octets, keys as TelegramKeys);
      this.#result = { identification: telegram.identification, mode: "D", dataSets: telegram.dataSets };
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#fault = caught;
      this.#outputs.push({ type: "dropped", why: caught.code, octets });
      return;
    }
    this.#deadline = now + timeout;
    this.#outputs.push({ type: "received", pdu: octets, address: nowhere });
  }
}
