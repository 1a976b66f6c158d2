import { type Fault, fromAscii } from "@dlmskit/core";
import type { Cancel, Clock } from "../clock.ts";
import type { Duplex } from "../duplex.ts";
import { Call } from "./call.ts";
import { EscapeWatch } from "./escape.ts";

export interface AnswerCallsOptions {
  readonly clock: Clock;
  /** Called for each call that is dialled; it must `start` it. */
  accept(call: Duplex): void;
  /** The number at which the meter answers; another one gets NO CARRIER. Any number unless given. */
  readonly number?: string;
  /** ms from dialling to CONNECT; 0 unless told otherwise. */
  readonly dialTime?: number;
  /** The silence before and after `+++`, ms; 1000 (S12=50) unless told otherwise. */
  readonly guard?: number;
  /** The rate told behind CONNECT; 9600 unless told otherwise. */
  readonly rate?: number;
  /** The line below is gone. */
  closed?(fault?: Fault): void;
}

const longestLine = 256;
const CR = 0x0d;
const backspace = 0x08;
/** A dial string without what is no digit of the number (tone, pulse, pauses). */
const digits = (text: string): string => text.replace(/^[TP]/i, "").replace(/[^0-9*#+A-D]/gi, "");

/**
 * Stands in for a Hayes modem and the meter behind it, on a serial line or a TCP connection: understands AT commands, answers what is
 * dialled, carries the call, and hears `+++` and ATH. For head-end systems that dial. After a call it takes the next.
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
  /** In data mode, or with a call that waits in command mode. */
  #call: Call | undefined;
  #inData = false;
  #dialling: Cancel | undefined;

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
      },
    );
  }

  start(): void {
    this.#line.start({
      received: (octets) => {
        if (this.#inData) this.#watch.push(octets);
        else this.#commands(octets);
      },
      drained: () => this.#call?.drained(),
      closed: (fault) => {
        this.#dialling?.();
        this.#watch.stop();
        this.#over(fault);
        this.#options.closed?.(fault);
      },
    });
  }

  #commands(octets: Uint8Array): void {
    for (const [at, octet] of octets.entries()) {
      if (this.#inData) {
        this.#watch.push(octets.subarray(at));
        return;
      }
      // A key pressed while it dials gives the attempt up.
      if (this.#dialling !== undefined) this.#refuse();
      if (this.#echo) this.#line.send(Uint8Array.of(octet));
      if (octet === CR) {
        const text = this.#text.trim();
        this.#text = "";
        this.#command(text);
      } else if (octet === backspace) this.#text = this.#text.slice(0, -1);
      else if (octet >= 0x20 && this.#text.length < longestLine) this.#text += String.fromCharCode(octet);
    }
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
  }

  #hungUp(): void {
    this.#over();
    this.#say("OK");
  }

  #online(): void {
    if (this.#call === undefined) this.#say("NO CARRIER");
    else {
      this.#say("CONNECT");
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
    this.#line.send(fromAscii(this.#verbose ? `\r\n${result}\r\n` : `${numbers[result] ?? "4"}\r`));
  }
}
