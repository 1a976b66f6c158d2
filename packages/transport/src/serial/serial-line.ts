import { access } from "node:fs/promises";
import type { Fault } from "@dlmskit/core";
import type { SerialPort } from "serialport";
import type { Cancel, Clock } from "../clock.ts";
import { lineLost, serialFault } from "./serial-fault.ts";

/** How RTS switches an RS-485 transceiver between sending and receiving. */
export interface Rs485 {
  /** The level of RTS while this end sends. */
  readonly rts: "high" | "low";
  /** Time between RTS and the first octet, ms; 0 by default. */
  readonly before?: number;
  /** Time between the last octet and RTS, ms; 0 by default. */
  readonly after?: number;
}

export interface LineTiming {
  readonly rs485?: Rs485 | undefined;
  /** Minimum silence before sending, ms; 0 by default. */
  readonly silence?: number | undefined;
}

/** The handlers of a line. None is called after `closed`. */
export interface LineHandlers {
  received(octets: Uint8Array): void;
  drained(): void;
  closed(fault?: Fault): void;
}

/** How often the presence of the device is checked, ms: a disconnection during a read is not reported. */
const watchEvery = 2000;

/** Start bit, data, parity, stop bit. */
const bitsOfOctet = 10;

type Job = { readonly octets: Uint8Array } | { readonly baudRate: number } | { readonly run: () => void };

/**
 * An open port and a queue of octets and changes of the baud rate. A change waits until the octets before it have left; the octets
 * after it leave at the new rate.
 */
export class SerialLine {
  readonly path: string;
  readonly #port: SerialPort;
  readonly #clock: Clock;
  readonly #timing: LineTiming;
  readonly #jobs: Job[] = [];
  #handlers: LineHandlers | undefined;
  /** Whether the line has handlers. */
  started = false;
  /** The rate of the octets that are sent next. */
  #baudRate: number;
  /** The current rate of the port. */
  #rate: number;
  /** When the written octets have left at this rate. */
  #leavesAt = Number.NEGATIVE_INFINITY;
  #working = false;
  #buffered = 0;
  #waited = false;
  /** The time of the last octet on the line, as far as this end knows. */
  #lastOctet = Number.NEGATIVE_INFINITY;
  #closing = false;
  #closed = false;
  #unwatch: Cancel | undefined;
  #fault: Fault | undefined;

  constructor(port: SerialPort, baudRate: number, path: string, clock: Clock, timing: LineTiming) {
    this.#port = port;
    this.#baudRate = baudRate;
    this.#rate = baudRate;
    this.path = path;
    this.#clock = clock;
    this.#timing = timing;
    if (path.startsWith("/")) this.#watch();
    port.on("error", (error) => this.#failed(serialFault(error, path)));
    port.on("close", (error: unknown) => {
      this.#closing = true;
      this.#unwatch?.();
      if (error instanceof Error) this.#fault ??= lineLost(path, error);
      this.#closed = true;
      this.#tellClosed();
    });
  }

  get bufferedOctets(): number {
    return this.#buffered;
  }

  /** Starts the delivery, once; no handler is called before `start` has returned. */
  start(handlers: LineHandlers): void {
    this.started = true;
    this.#handlers = handlers;
    if (this.#closed) queueMicrotask(() => this.#tellClosed());
    this.#port.on("data", (chunk: Uint8Array) => {
      this.#lastOctet = this.#clock.now();
      this.#handlers?.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    });
  }

  send(octets: Uint8Array): void {
    if (this.#closing || octets.length === 0) return;
    if (this.#buffered > 0) this.#waited = true;
    this.#buffered += octets.length;
    this.#add({ octets });
  }

  changeBaudRate(baudRate: number): void {
    // A change may lose octets that are received at that moment: it is made only if the rate differs.
    if (this.#closing || baudRate === this.#baudRate) return;
    this.#baudRate = baudRate;
    this.#add({ baudRate });
  }

  /** Runs `run` when all octets sent before have been written. It does not run if the port closes first. */
  afterwards(run: () => void): void {
    if (!this.#closing) this.#add({ run });
  }

  pause(): void {
    this.#port.pause();
  }

  resume(): void {
    this.#port.resume();
  }

  /** Closes the port now; octets that have not left are lost. `closed` follows. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#jobs.length = 0;
    // The callback receives an error of closing, so that it is not thrown; `close` follows in any case.
    this.#port.close(() => undefined);
  }

  #watch(): void {
    this.#unwatch = this.#clock.at(this.#clock.now() + watchEvery, () => {
      access(this.path).then(
        () => this.#closing || this.#watch(),
        (cause: unknown) => this.#failed(lineLost(this.path, cause)),
      );
    });
  }

  #tellClosed(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(this.#fault);
  }

  #failed(fault: Fault): void {
    this.#fault ??= fault;
    this.close();
  }

  #add(job: Job): void {
    this.#jobs.push(job);
    if (this.#working) return;
    this.#working = true;
    this.#work().catch((cause: unknown) => this.#failed(serialFault(cause, this.path)));
  }

  async #work(): Promise<void> {
    for (let job = this.#jobs.shift(); job !== undefined && !this.#closing; job = this.#jobs.shift()) {
      if ("octets" in job) await this.#transmit(job.octets);
      else if ("baudRate" in job) await this.#update(job.baudRate);
      else job.run();
    }
    this.#working = false;
    if (this.#buffered > 0 || !this.#waited) return;
    this.#waited = false;
    this.#handlers?.drained();
  }

  async #transmit(octets: Uint8Array): Promise<void> {
    const { rs485, silence = 0 } = this.#timing;
    for (let left = silence; left > 0; ) {
      left = this.#lastOctet + silence - this.#clock.now();
      if (left > 0) await this.#pause(left);
    }
    if (rs485 !== undefined) {
      await this.#setRts(rs485.rts === "high");
      await this.#pause(rs485.before ?? 0);
    }
    await this.#asked((done) => this.#port.write(octets, done));
    const took = (octets.length * bitsOfOctet * 1000) / this.#rate;
    this.#leavesAt = Math.max(this.#leavesAt, this.#clock.now()) + took;
    if (rs485 !== undefined || silence > 0) {
      await this.#asked((done) => this.#port.drain(done));
      this.#lastOctet = this.#clock.now();
    }
    if (rs485 !== undefined) {
      await this.#pause(rs485.after ?? 0);
      await this.#setRts(rs485.rts === "low");
    }
    this.#buffered -= octets.length;
  }

  async #update(baudRate: number): Promise<void> {
    await this.#asked((done) => this.#port.drain(done));
    // Drivers of adapters report this before the last octet has left, and a change of the rate drops the remaining octets.
    await this.#pause(this.#leavesAt - this.#clock.now());
    await this.#asked((done) => this.#port.update({ baudRate }, done));
    this.#rate = baudRate;
  }

  #setRts(rts: boolean): Promise<void> {
    return this.#asked((done) => this.#port.set({ rts }, done));
  }

  #pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => void this.#clock.at(this.#clock.now() + ms, resolve));
  }

  /** Calls the port and waits for the result; does nothing if the port is being closed. */
  #asked(ask: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return new Promise((resolve, reject) => {
      ask((error) => {
        if (error && !this.#closing) reject(error);
        else resolve();
      });
    });
  }
}
