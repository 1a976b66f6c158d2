import { Fault, type Link, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { withParity } from "./parity.ts";
import { encodeTelegram, type Telegram } from "./telegram.ts";

export interface TelegramServerOptions {
  /** Gives the current telegram; undefined if its values are not ready: the function is then called again after 20 ms. */
  readonly telegram: () => Telegram | undefined;
  /** The interval of the telegrams, in ms; 10,000 by default (DSMR: 10,000 before version 5, then 1000). */
  readonly every?: number;
  /** Whether this class adds even parity to 7 data bits, for a port with 8N1: mode D, DSMR before version 4. */
  readonly parity?: boolean;
}

const askAgain = 20;

/**
 * The meter's end of mode D and of the customer interface P1: sends a telegram at a fixed interval, and receives nothing.
 */
export class TelegramServer implements Link {
  readonly #options: TelegramServerOptions;
  readonly #every: number;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #next: number;

  /** `start`: the time of the first telegram, on the clock of the line. Fault `bad-value`. */
  constructor(options: TelegramServerOptions, start = 0) {
    this.#options = options;
    this.#every = options.every ?? 10_000;
    if (!(this.#every >= 1)) {
      const hint = "give the ms from one telegram to the next, 1 or more";
      throw new Fault("bad-value", `no telegram can be sent every ${options.every} ms`, { layer: "iec62056-21", hint });
    }
    this.#next = start;
  }

  get deadline(): number {
    return this.#next;
  }

  receive(): void {}

  send(): void {}

  expire(now: number): void {
    if (now < this.#next) return;
    const telegram = this.#options.telegram();
    if (telegram === undefined) {
      this.#next = now + askAgain;
      return;
    }
    const octets = encodeTelegram(telegram);
    this.#outputs.push({
      type: "transmit",
      octets: this.#options.parity === true ? withParity(octets, "even") : octets,
    });
    this.#next = now + this.#every;
  }

  close(): void {}

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }
}
