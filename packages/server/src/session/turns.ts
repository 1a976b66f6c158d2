import { urgencyOf } from "./urgency.ts";

/** A PDU of a client. */
export interface Arrived {
  readonly pdu: Uint8Array;
  readonly broadcast: boolean;
}

/** Whose turns they are: one object, since one of functions would take a third of a KiB of each client. */
export interface TurnsPort {
  /** How many PDUs may wait; then it is full. */
  readonly outstanding: number;
  readonly closed: boolean;
  /** It is this PDU's turn. */
  serve(arrived: Arrived): void;
  /** Nothing blocks any more; what waited had its turn. */
  idle(): void;
  /** It was full, and is no more. */
  roomy(): void;
}

/** The turns of one client: its PDUs are served in their order, each when what was begun before it is done. */
export class Turns {
  readonly #port: TurnsPort;
  readonly #waiting: Arrived[] = [];
  /** One piece of work may begin another. */
  #blocks = 0;

  constructor(port: TurnsPort) {
    this.#port = port;
  }

  /** Whether work is in progress. */
  get blocked(): boolean {
    return this.#blocks > 0;
  }

  /** Whether work is in progress or a PDU waits. */
  get busy(): boolean {
    return this.blocked || this.#waiting.length > 0;
  }

  /** Whether as much waits as may: nothing more should be brought. */
  get full(): boolean {
    return this.#waiting.length >= Math.max(1, this.#port.outstanding);
  }

  /** Takes a PDU that has to wait. `prioritised`: one of high priority goes before those of normal priority that wait already. */
  wait(arrived: Arrived, prioritised = false): void {
    let at = this.#waiting.length;
    if (prioritised && urgencyOf(arrived.pdu) === "high") {
      while (at > 0 && urgencyOf((this.#waiting[at - 1] as Arrived).pdu) === "normal") at--;
    }
    this.#waiting.splice(at, 0, arrived);
  }

  /** Everything that waits; it waits no more. */
  takeAll(): Arrived[] {
    return this.#waiting.splice(0);
  }

  /** Nothing else of this client is served until `work` is done. */
  block(work: PromiseLike<unknown>, failed: (error: unknown) => void): void {
    this.#blocks++;
    work.then(() => this.#goOn(), failed);
  }

  #goOn(): void {
    this.#blocks--;
    const { full } = this;
    // What is answered at once blocks nothing: all that waits goes on, up to what has to wait again.
    while (!this.blocked && !this.#port.closed) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#port.serve(next);
    }
    this.#port.idle();
    if (full && !this.full) this.#port.roomy();
  }
}
