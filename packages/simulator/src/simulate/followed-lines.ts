import type { Fault } from "@dlmskit/core";
import type { ConfigurationTable } from "@dlmskit/storage";
import type { Cancel, Clock } from "@dlmskit/transport";
import type { Listeners } from "./listeners.ts";

export interface FollowedLinesPort {
  readonly clock: Clock;
  listeners(): Iterable<Listeners>;
  refused(table: ConfigurationTable, fault: Fault): void;
  /** Called when rows that could not be applied before are in effect. */
  applied(table: ConfigurationTable): void;
  /** Runs `work` after the rows that are being applied, and before others. */
  begin(work: () => Promise<void>): void;
}

// How many ms after a row could not be applied it is tried again: its port may be free by then.
const againAfter = 2000;

/** Applies the rows of ports to the listeners. Rows that cannot be applied, because their port is in use for example, are tried again. */
export class FollowedLines {
  readonly #port: FollowedLinesPort;
  /** The messages about the rows that could not be applied. The same message is not reported twice. */
  #failing: ReadonlySet<string> = new Set();
  #cancel: Cancel | undefined;

  constructor(port: FollowedLinesPort) {
    this.#port = port;
  }

  /** Applies the current rows. `changed`: a row has changed, so that its Fault is reported although it was reported before. */
  async take(table: ConfigurationTable, changed: boolean): Promise<void> {
    const before = changed ? new Set<string>() : this.#failing;
    const failing = new Set<string>();
    for (const listeners of this.#port.listeners()) {
      for (const fault of await listeners.follow()) {
        const { message } = fault;
        failing.add(message);
        if (!before.has(message)) this.#port.refused(table, fault);
      }
    }
    this.#failing = failing;
    if (!changed && [...before].some((message) => !failing.has(message))) this.#port.applied(table);
    this.#cancel?.();
    this.#cancel = undefined;
    if (failing.size > 0) this.#later(table);
  }

  #later(table: ConfigurationTable): void {
    const { clock, begin } = this.#port;
    this.#cancel = clock.at(clock.now() + againAfter, () => begin(() => this.take(table, false)));
  }

  close(): void {
    this.#cancel?.();
  }
}
