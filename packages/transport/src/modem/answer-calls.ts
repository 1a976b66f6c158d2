import { type Fault, fromAscii } from "@dlmskit/core";
import type { Cancel, Clock } from "../clock.ts";
import type { Duplex } from "../duplex.ts";
import { Call } from "./call.ts";
import { EscapeWatch } from "./escape.ts";

export interface AnswerCallsOptions {
  readonly clock: Clock;
  /** Called for each dialled call; it must `start` the call. */
  accept(call: Duplex): void;
  /** The number of the meter; a call to another number gets NO CARRIER. Any number by default. */
  readonly number?: string;
  /** Time from dialling to CONNECT, ms; 0 by default. */
  readonly dialTime?: number;
  /** The silence before and after `+++`, ms; 1000 (S12=50) by default. */
  readonly guard?: number;
  /** The rate after CONNECT; 9600 by default. */
  readonly rate?: number;
  /** The line of the modem has closed. */
  closed?(fault?: Fault): void;
}

const longestLine = 256;
/** Octets of echo and results that the peer has not read. */
const mostUnread = 1 << 16;
/** Shorter pieces, such as a command, are taken at once. */
const shortLine = 256;
/** 115,200 baud. */
const octetsPerMs = 11.52;
const CR = 0x0d;
const backspace = 0x08;
/** A dial string without characters that are no digit of the number (tone, pulse, pauses). */
const digits = (text: string): string => text.replace(/^[TP]/i, "").replace(/[^0-9*#+A-D]/gi, "");

/**
 * Simulates a Hayes modem with a meter behind it, on a serial line or a TCP connection, for head-end systems that dial. It understands
 * AT commands, accepts dialled calls, carries the call, and reacts to `+++` and ATH. After a call it accepts the next one.
 */
export function answerCalls(line: Duplex, options: AnswerCallsOptions): void {
  new AnsweringModem(line, options).start();
}

class AnsweringModem {
  readonly #line: Duplex;
  readonly #options: AnswerCallsOptions;
  readonly #watch: EscapeWatch;
  #echo = true;
  #verbose = true;
  #text = "";
  /** The call in data mode, or a call that waits in command mode. */
  #call: Call | undefined;
  #inData = false;
  #dialling: Cancel | undefined;
  /** Echo and results that are not sent yet. */
  readonly #unsent: number[] = [];
  /** The line is read again by this timer. */
  #slow: Cancel | undefined;

  constructor(line: Duplex, options: AnswerCallsOptions) {
    this.#line = line;
    this.#options = options;
    this.#watch = new EscapeWatch(
      options.clock,
      options.guard ?? 1000,
      (octets) => this.#call?.received(octets),
      () => {
        this.#inData = false;
        this.#say("OK");
        this.#flush();
      },
    );
  }

  start(): void {
    this.#line.start({
      received: (octets) => {
        if (this.#inData) this.#watch.push(octets);
        else {
          this.#commands(octets);
          this.#flush();
          this.#slowDown(octets.length);
        }
      },
      drained: () => this.#call?.drained(),
      closed: (fault) => {
        this.#dialling?.();
        this.#slow?.();
        this.#watch.stop();
        this.#over(fault);
        this.#options.closed?.(fault);
      },
    });
  }

  #commands(octets: Uint8Array): void {
    // A peer that sends and never reads the echo is not a terminal.
    if (this.#line.bufferedOctets > mostUnread) {
      this.#line.destroy();
      return;
    }
    for (const [at, octet] of octets.entries()) {
      if (this.#inData) {
        this.#watch.push(octets.subarray(at));
        return;
      }
      // A character that is received while it dials cancels the call attempt.
      if (this.#dialling !== undefined) this.#refuse();
      if (this.#echo) this.#unsent.push(octet);
      if (octet === CR) {
        const text = this.#text.trim();
        this.#text = "";
        this.#command(text);
      } else if (octet === backspace) this.#text = this.#text.slice(0, -1);
      else if (octet >= 0x20 && this.#text.length < longestLine) this.#text += String.fromCharCode(octet);
    }
  }

  /** Sends echo and results together. */
  #flush(): void {
    if (this.#unsent.length > 0) this.#line.send(Uint8Array.from(this.#unsent.splice(0)));
  }

  /** Commands are received no faster than a serial line carries them: a peer that sends without end takes no time of others. */
  #slowDown(octets: number): void {
    if (this.#inData || octets < shortLine || this.#line.pause === undefined) return;
    const { clock } = this.#options;
    this.#line.pause();
    this.#slow?.();
    this.#slow = clock.at(clock.now() + octets / octetsPerMs, () => {
      this.#slow = undefined;
      if (!this.#inData) this.#line.resume?.();
    });
  }

  #command(text: string): void {
    if (!/^AT/i.test(text)) {
      if (text !== "") this.#say("ERROR");
      return;
    }
    const body = text.slice(2);
    for (const [, echo, verbose] of body.matchAll(/E([01]?)|V([01]?)/gi)) {
      if (echo !== undefined) this.#echo = echo !== "0";
      if (verbose !== undefined) this.#verbose = verbose !== "0";
    }
    const dialled = /^D(.*)$/i.exec(body)?.[1];
    if (/^Z/i.test(body)) {
      this.#echo = true;
      this.#verbose = true;
    }
    if (dialled !== undefined) this.#dial(dialled);
    else if (/^H0?$/i.test(body)) this.#hungUp();
    else if (/^O0?$/i.test(body)) this.#online();
    else this.#say("OK");
  }

  #dial(text: string): void {
    const { number, dialTime = 0, clock } = this.#options;
    if (number !== undefined && digits(text) !== digits(number)) {
      this.#say("NO CARRIER");
      return;
    }
    if (dialTime === 0) this.#connected();
    else this.#dialling = clock.at(clock.now() + dialTime, () => this.#connected());
  }

  #connected(): void {
    this.#dialling = undefined;
    this.#over();
    this.#say(this.#verbose ? `CONNECT ${this.#options.rate ?? 9600}` : "CONNECT");
    this.#flush();
    this.#inData = true;
    const call = new Call({
      remote: `a call by ${this.#line.remote}`,
      line: this.#line,
      hangUp: () => {
        call.closed();
        if (this.#call !== call) return;
        this.#refuse();
      },
    });
    this.#call = call;
    this.#options.accept(call);
  }

  #refuse(): void {
    this.#dialling?.();
    this.#dialling = undefined;
    this.#over();
    this.#say("NO CARRIER");
    this.#flush();
  }

  #hungUp(): void {
    this.#over();
    this.#say("OK");
  }

  #online(): void {
    if (this.#call === undefined) this.#say("NO CARRIER");
    else {
      this.#say("CONNECT");
      this.#flush();
      this.#inData = true;
    }
  }

  #over(fault?: Fault): void {
    const call = this.#call;
    this.#call = undefined;
    this.#inData = false;
    this.#watch.stop();
    call?.closed(fault);
  }

  #say(result: string): void {
    const numbers: { readonly [result: string]: string } = { OK: "0", CONNECT: "1", "NO CARRIER": "3", ERROR: "4" };
    this.#unsent.push(...fromAscii(this.#verbose ? `\r\n${result}\r\n` : `${numbers[result] ?? "4"}\r`));
  }
}
