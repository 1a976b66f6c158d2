import { Fault } from "@dlmskit/core";
import type { Cancel } from "../clock.ts";
import type { Duplex } from "../duplex.ts";
import { modemRefused } from "./dial.ts";
import { Terminal, type TerminalOptions } from "./terminal.ts";

export interface WaitForCallsOptions extends TerminalOptions {
  /** Called for each call; it must `start` the call. */
  accept(call: Duplex): void;
  /** Commands before each wait, each answered by OK; `ATZ` and `ATE0` by default. */
  readonly init?: readonly string[];
  /** After how many RINGs the call is answered; 1 by default. */
  readonly rings?: number;
  /** Whether the modem answers by itself (S0 is set to `rings`); false by default: this end answers with ATA (S0=0). */
  readonly auto?: boolean;
  /** How long to wait for CONNECT after ATA, ms; 60,000 by default. */
  readonly timeout?: number;
  /** Called when the modem does not answer, or refuses a command or a call: it is tried again. */
  failed?(fault: Fault): void;
  /** The line to the modem has closed. */
  closed?(fault?: Fault): void;
}

/** RINGs of one call are not further apart, ms. */
const ringPause = 8000;
/** Time until a modem that does not answer is tried again, ms: at first, and at most. */
const firstRetry = 5000;
const lastRetry = 60_000;

/**
 * Waits for calls with a real Hayes modem on a serial line or behind a TCP connection: it answers RING with ATA, or lets the modem answer
 * (S0), and gives each call as a connection. After a call it waits for the next one; the end of a call hangs up, and keeps the line.
 */
export function waitForCalls(line: Duplex, options: WaitForCallsOptions): void {
  new WaitingModem(line, options).start();
}

class WaitingModem {
  readonly #options: WaitForCallsOptions;
  readonly #terminal: Terminal;
  #rings = 0;
  /** RINGs count only while the modem is ready. */
  #ready = false;
  #silence: Cancel | undefined;
  #retry: Cancel | undefined;
  #delay = firstRetry;
  #closed = false;

  constructor(line: Duplex, options: WaitForCallsOptions) {
    this.#options = options;
    this.#terminal = new Terminal(line, options, {
      remote: `a call by ${line.remote}`,
      ring: () => this.#ring(),
      ...(options.auto === true && { connected: (call) => this.#accept(call) }),
      over: () => void this.#prepare(),
      closed: (fault) => {
        this.#closed = true;
        this.#silence?.();
        this.#retry?.();
        options.closed?.(fault);
      },
    });
  }

  start(): void {
    this.#terminal.start();
    void this.#prepare();
  }

  async #prepare(): Promise<void> {
    const { init = ["ATZ", "ATE0"], rings = 1, auto = false } = this.#options;
    this.#ready = false;
    this.#rings = 0;
    try {
      for (const command of [...init, `ATS0=${auto ? rings : 0}`]) {
        const result = await this.#terminal.ask(command);
        // A call that the modem has answered in the meantime.
        if (this.#terminal.call !== undefined) return;
        if (result !== "OK") throw modemRefused(command, result);
      }
      this.#delay = firstRetry;
      this.#ready = true;
    } catch (caught) {
      this.#failed(caught);
    }
  }

  #failed(caught: unknown): void {
    if (this.#closed) return;
    const { clock, failed } = this.#options;
    if (caught instanceof Fault) failed?.(caught);
    this.#retry = clock.at(clock.now() + this.#delay, () => void this.#prepare());
    this.#delay = Math.min(lastRetry, this.#delay * 2);
  }

  #ring(): void {
    if (!this.#ready || this.#options.auto === true) return;
    const { clock, rings = 1 } = this.#options;
    this.#rings++;
    this.#silence?.();
    this.#silence = clock.at(clock.now() + ringPause, () => {
      this.#rings = 0;
    });
    if (this.#rings >= rings) void this.#answer();
  }

  async #answer(): Promise<void> {
    this.#ready = false;
    this.#silence?.();
    this.#rings = 0;
    try {
      const result = await this.#terminal.ask("ATA", this.#options.timeout ?? 60_000);
      const { call } = this.#terminal;
      if (call === undefined) {
        this.#options.failed?.(modemRefused("answering a call", result));
        this.#ready = true;
      } else this.#accept(call);
    } catch (caught) {
      this.#failed(caught);
    }
  }

  #accept(call: Duplex): void {
    this.#ready = false;
    this.#options.accept(call);
  }
}
