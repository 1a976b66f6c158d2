import { concat, Fault, fromAscii, toLatin1 } from "@dlmskit/core";
import type { Cancel, Clock } from "../clock.ts";
import type { Duplex } from "../duplex.ts";
import { Call } from "./call.ts";

export interface TerminalOptions {
  readonly clock: Clock;
  /** How long to wait for the answer to a command, ms; 3000 by default. */
  readonly commandTimeout?: number;
  /** The silence before and after `+++`, ms; 1000 (S12=50) by default. */
  readonly guard?: number;
}

export interface TerminalHandlers {
  /** The name of the other end of a call. */
  readonly remote: string;
  /** The modem says RING. */
  ring?(): void;
  /** The modem has answered a call by itself (S0). Absent: CONNECT counts only as the answer to a command. */
  connected?(call: Duplex): void;
  /** A call has ended, and the modem takes commands again. */
  over(): void;
  /** The line has closed. */
  closed?(fault?: Fault): void;
}

/** Final results of a command, as words and as numbers (ATV0). */
const finals = /^(OK|CONNECT.*|NO CARRIER|ERROR|NO DIAL ?TONE|BUSY|NO ANSWER|\+CM[ES] ERROR.*|[0-46-8]|1\d?)$/;
const rings = /^(RING.*|\+CRING.*|2)$/;
const words: { readonly [number: string]: string } = {
  "0": "OK",
  "1": "CONNECT",
  "3": "NO CARRIER",
  "4": "ERROR",
  "6": "NO DIALTONE",
  "7": "BUSY",
  "8": "NO ANSWER",
};
const lost = "\r\nNO CARRIER\r\n";

interface Waiting {
  resolve(result: string): void;
  reject(fault: Fault): void;
}

/** The computer's end of the line to a Hayes modem: commands and their results, and the data of a call. */
export class Terminal {
  readonly #line: Duplex;
  readonly #options: TerminalOptions;
  readonly #handlers: TerminalHandlers;
  #text = "";
  #waiting: Waiting | undefined;
  #timer: Cancel | undefined;
  #call: Call | undefined;
  /** The last octets of the call: they may contain the start of NO CARRIER. */
  #tail = "";
  /** The call is being ended: what the modem says is no longer data. */
  #leaving = false;
  #gone = false;

  constructor(line: Duplex, options: TerminalOptions, handlers: TerminalHandlers) {
    this.#line = line;
    this.#options = options;
    this.#handlers = handlers;
  }

  /** The call in progress. */
  get call(): Duplex | undefined {
    return this.#call;
  }

  start(): void {
    this.#line.start({
      received: (octets) => this.#received(octets),
      drained: () => this.#call?.drained(),
      closed: (fault) => this.#closed(fault),
    });
  }

  /** Sends a command and returns its final result as a word. Fault `modem-silent`. */
  ask(command: string, timeout = this.#options.commandTimeout ?? 3000): Promise<string> {
    const { clock } = this.#options;
    this.#text = "";
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#timer?.();
        this.#waiting = undefined;
      };
      this.#waiting = {
        resolve: (result) => {
          over();
          resolve(result);
        },
        reject: (fault) => {
          over();
          reject(fault);
        },
      };
      this.#timer = clock.at(clock.now() + timeout, () => {
        const hint = "check the serial port, its baud rate, and that a modem is there";
        this.#waiting?.reject(
          new Fault("modem-silent", `the modem does not answer ${command}`, { layer: "transport", hint }),
        );
      });
      if (this.#gone) this.#waiting.reject(lineClosed());
      else this.#line.send(fromAscii(`${command}\r`));
    });
  }

  #received(octets: Uint8Array): void {
    if (this.#call !== undefined && !this.#leaving) {
      this.#data(octets);
      return;
    }
    for (const [at, octet] of octets.entries()) {
      if (octet !== 0x0d && octet !== 0x0a) {
        if (this.#text.length < 256) this.#text += String.fromCharCode(octet);
        continue;
      }
      const text = this.#text.trim();
      this.#text = "";
      if (rings.test(text)) this.#handlers.ring?.();
      if (!finals.test(text) || text === "2") continue;
      const result = words[text] ?? text;
      if (result.startsWith("CONNECT") && this.#connect(result)) {
        const next = octets[at + 1] === 0x0a ? at + 2 : at + 1;
        if (next < octets.length) this.#data(octets.subarray(next));
        return;
      }
      this.#waiting?.resolve(result);
    }
  }

  /** Returns whether there is a call now. */
  #connect(result: string): boolean {
    const waiting = this.#waiting;
    if ((waiting === undefined && this.#handlers.connected === undefined) || this.#call !== undefined) return false;
    const call = new Call({ remote: this.#handlers.remote, line: this.#line, hangUp: () => void this.#hangUp() });
    this.#call = call;
    this.#tail = "";
    // A modem that answers by itself may do so while a command waits.
    waiting?.resolve(result);
    this.#handlers.connected?.(call);
    return true;
  }

  /** When the other end hangs up, the message of the modem follows the last octets. */
  #data(octets: Uint8Array): void {
    const call = this.#call as Call;
    const text = (this.#tail + toLatin1(octets.subarray(-lost.length))).slice(-lost.length);
    this.#tail = text;
    if (text !== lost) {
      call.received(octets);
      return;
    }
    const kept = octets.subarray(0, Math.max(0, octets.length - lost.length));
    if (kept.length > 0) call.received(concat(kept));
    this.#over();
  }

  async #hangUp(): Promise<void> {
    const { clock, guard = 1000 } = this.#options;
    const call = this.#call;
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.at(clock.now() + ms, resolve));
    while (this.#line.bufferedOctets > 0 && this.#call === call) await wait(20);
    await wait(guard + guard / 10);
    if (this.#call !== call) return;
    this.#leaving = true;
    try {
      await this.#escape(guard);
      await this.ask("ATH");
    } catch {
      // A modem that does not answer hangs up when the line is closed.
    }
    this.#over();
  }

  #escape(guard: number): Promise<string> {
    const { clock } = this.#options;
    this.#text = "";
    return new Promise((resolve) => {
      this.#waiting = { resolve, reject: () => resolve("ERROR") };
      clock.at(clock.now() + 2 * guard + 500, () => resolve("ERROR"));
      this.#line.send(fromAscii("+++"));
    });
  }

  #over(fault?: Fault): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    this.#leaving = false;
    call.closed(fault);
    this.#handlers.over();
  }

  #closed(fault?: Fault): void {
    this.#gone = true;
    this.#waiting?.reject(fault ?? lineClosed());
    this.#over(fault);
    this.#handlers.closed?.(fault);
  }
}

const lineClosed = (): Fault =>
  new Fault("modem-silent", "the line to the modem was closed", {
    layer: "transport",
    hint: "check the serial port or the device server",
  });
