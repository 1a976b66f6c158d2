import { type Duplex, observed } from "@dlmskit/transport";
import { Option } from "commander";
import { io } from "../io.ts";

/** Progress is shown for work that takes longer than this, at this interval, ms. */
const everyMs = 1000;

/** Adds `--progress`, for use where standard error is not a terminal. */
export const progressOption = (): Option =>
  new Option("--progress", "shows the progress of long work on standard error, even if that is not a terminal");

export interface ProgressOptions {
  /** False: no progress is shown. Default: it is shown if standard error is a terminal. */
  readonly progress?: boolean;
}

/** Shows the progress of long work: one line on standard error that is overwritten, or a new line each time if it is not a terminal. */
export class Progress implements Disposable {
  readonly #began = performance.now();
  readonly #stderr = io().stderr;
  readonly #terminal = this.#stderr.isTTY === true;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #what: () => string;
  #shown = false;
  /** Of all connections together; undefined if there is none. */
  #received: number | undefined;
  #due = performance.now() + everyMs;

  constructor({ progress }: ProgressOptions, what: string) {
    this.#what = () => what;
    if (!(progress ?? this.#terminal)) return;
    this.#timer = setInterval(() => this.#show(), everyMs);
    this.#timer.unref();
  }

  /** Sets the text of the current step and its progress. It is called at most once a second. */
  at(what: () => string): void {
    this.#what = what;
  }

  /** To be called regularly by work that does not return to the event loop. */
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

  /** A duplex whose received octets are counted. */
  counting(duplex: Duplex): Duplex {
    this.#received ??= 0;
    return observed(duplex, {
      received: ({ length }) => {
        this.#received = (this.#received ?? 0) + length;
      },
    });
  }

  /** Ends the progress line: the next output begins on an empty line. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  /** Clears the progress line, so that something else can be written. */
  clear(): void {
    if (this.#shown && this.#terminal) this.#stderr.write("\r\u001b[K");
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
