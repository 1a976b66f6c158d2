import type { Duplex } from "@dlmskit/transport";
import { Option } from "commander";
import { io } from "../io.ts";

/** What takes longer than this is told of, and as often as this, ms. */
const everyMs = 1000;

/** Adds `--progress`, for where standard error is no terminal. */
export const progressOption = (): Option =>
  new Option("--progress", "tells on standard error how far long work is, also where that is no terminal");

export interface ProgressOptions {
  /** False: tells nothing. Unless given, it tells where standard error is a terminal. */
  readonly progress?: boolean;
}

/** How far work is that takes a while: one line on standard error that is written over, or a line each where it is no terminal. */
export class Progress implements Disposable {
  readonly #began = performance.now();
  readonly #stderr = io().stderr;
  readonly #terminal = this.#stderr.isTTY === true;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #what: () => string;
  #shown = false;
  /** Of all lines together; undefined: there is none. */
  #received: number | undefined;
  #due = performance.now() + everyMs;

  constructor({ progress }: ProgressOptions, what: string) {
    this.#what = () => what;
    if (!(progress ?? this.#terminal)) return;
    this.#timer = setInterval(() => this.#show(), everyMs);
    this.#timer.unref();
  }

  /** What is done now, and how far it is. Asked for once a second at most. */
  at(what: () => string): void {
    this.#what = what;
  }

  /** For work that leaves the event loop no turn: to be called as it goes on. */
  pulse(): void {
    if (this.#timer !== undefined && performance.now() >= this.#due) this.#show();
  }

  #show(): void {
    this.#due = performance.now() + everyMs;
    const seconds = Math.round((performance.now() - this.#began) / 1000);
    const received = this.#received === undefined ? "" : `: ${this.#received} octets received`;
    const text = `${this.#what()}${received}, ${seconds} s`;
    this.#shown = true;
    this.#stderr.write(this.#terminal ? `\r\u001b[K${text}` : `${text}\n`);
  }

  /** A duplex whose received octets are told of. */
  counting(duplex: Duplex): Duplex {
    this.#received ??= 0;
    return {
      remote: duplex.remote,
      ...(duplex.datagrams && { datagrams: true }),
      get bufferedOctets() {
        return duplex.bufferedOctets;
      },
      send: (sent) => duplex.send(sent),
      end: () => duplex.end(),
      destroy: () => duplex.destroy(),
      start: (handlers) =>
        duplex.start({
          closed: (fault) => handlers.closed(fault),
          ...(handlers.ended && { ended: () => handlers.ended?.() }),
          ...(handlers.drained && { drained: () => handlers.drained?.() }),
          received: (chunk) => {
            this.#received = (this.#received ?? 0) + chunk.length;
            handlers.received(chunk);
          },
        }),
    };
  }

  /** The work is done: what is written next begins on an empty line. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  /** Takes the line away, for something else to be written. */
  clear(): void {
    if (this.#shown && this.#terminal) this.#stderr.write("\r\u001b[K");
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
