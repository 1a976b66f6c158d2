import { concat, Fault, fromAscii, toLatin1 } from "@dlmskit/core";
import type { Cancel, Clock } from "../clock.ts";
import type { Duplex } from "../duplex.ts";
import { Call } from "./call.ts";

export interface DialOptions {
  readonly clock: Clock;
  /** The dial string: digits, and other characters that the modem supports (`T`, `,`, `W`). */
  readonly number: string;
  /** Commands before dialling, each answered by OK; `ATZ` and `ATE0` by default. */
  readonly init?: readonly string[];
  /** How long to wait for CONNECT, ms; 60,000 by default. */
  readonly timeout?: number;
  /** How long to wait for the answer to any other command, ms; 3000 by default. */
  readonly commandTimeout?: number;
  /** The silence before and after `+++`, ms; 1000 (S12=50) by default. */
  readonly guard?: number;
}

/** Final results of a command, as words and as numbers (ATV0). */
const finals = /^(OK|CONNECT.*|NO CARRIER|ERROR|NO DIAL ?TONE|BUSY|NO ANSWER|\+CM[ES] ERROR.*|[0-46-8]|1\d?)$/;
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

/**
 * Dials a meter with a Hayes modem on a serial line or behind a TCP connection, and returns the call as a connection. Its `end` hangs
 * up (`+++`, ATH), then ends the line. Faults: `dial-failed` (BUSY, NO CARRIER …), `modem-silent`, and those of the line.
 */
export async function dial(line: Duplex, options: DialOptions): Promise<Duplex> {
  const modem = new DiallingModem(line, options);
  try {
    return await modem.dial();
  } catch (caught) {
    line.destroy();
    throw caught;
  }
}

interface Waiting {
  resolve(result: string): void;
  reject(fault: Fault): void;
}

class DiallingModem {
  readonly #line: Duplex;
  readonly #options: DialOptions;
  #text = "";
  #waiting: Waiting | undefined;
  #timer: Cancel | undefined;
  #call: Call | undefined;
  /** The last octets of the call: they may contain the start of NO CARRIER. */
  #tail = "";
  #leaving = false;

  constructor(line: Duplex, options: DialOptions) {
    this.#line = line;
    this.#options = options;
  }

  async dial(): Promise<Duplex> {
    const { number, init = ["ATZ", "ATE0"], timeout = 60_000 } = this.#options;
    if (!/^[0-9A-Za-z*#+,;!@ -]+$/.test(number)) {
      throw new Fault("bad-value", `"${number}" cannot be dialled`, {
        layer: "transport",
        hint: "digits, such as 0301234567",
      });
    }
    this.#line.start({
      received: (octets) => this.#received(octets),
      drained: () => this.#call?.drained(),
      closed: (fault) => this.#closed(fault),
    });
    for (const command of init) {
      const result = await this.#ask(command);
      if (result !== "OK") throw failed(command, result);
    }
    const result = await this.#ask(`ATD${number}`, timeout);
    if (!result.startsWith("CONNECT")) throw failed(`dialling ${number}`, result);
    return this.#call as Call;
  }

  #ask(command: string, timeout = this.#options.commandTimeout ?? 3000): Promise<string> {
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
      this.#line.send(fromAscii(`${command}\r`));
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
      if (!finals.test(text)) continue;
      const result = words[text] ?? text;
      const waiting = this.#waiting;
      if (result.startsWith("CONNECT") && waiting !== undefined) {
        this.#connect();
        const next = octets[at + 1] === 0x0a ? at + 2 : at + 1;
        waiting.resolve(result);
        if (next < octets.length) this.#data(octets.subarray(next));
        return;
      }
      waiting?.resolve(result);
    }
  }

  #connect(): void {
    this.#call = new Call({
      remote: `${this.#options.number} by ${this.#line.remote}`,
      line: this.#line,
      hangUp: () => void this.#hangUp(),
    });
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
    this.#leaving = true;
    call.closed();
    this.#line.end();
  }

  async #hangUp(): Promise<void> {
    const { clock, guard = 1000 } = this.#options;
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.at(clock.now() + ms, resolve));
    while (this.#line.bufferedOctets > 0 && !this.#leaving) await wait(20);
    await wait(guard + guard / 10);
    if (this.#leaving) return;
    this.#leaving = true;
    try {
      await this.#escape(guard);
      await this.#ask("ATH");
    } catch {
      // A modem that does not answer hangs up when the line is closed.
    }
    this.#call?.closed();
    this.#line.end();
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

  #closed(fault?: Fault): void {
    this.#leaving = true;
    this.#waiting?.reject(
      fault ?? new Fault("modem-silent", "the line to the modem was closed", { layer: "transport" }),
    );
    this.#call?.closed(fault);
  }
}

function failed(what: string, result: string): Fault {
  const hint =
    result === "ERROR"
      ? "the modem does not know the command: give other commands for it"
      : "check the number, and that the meter's modem answers";
  return new Fault("dial-failed", `${what} failed: the modem says ${result}`, { layer: "transport", hint });
}
