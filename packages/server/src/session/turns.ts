import { unreachableAnswer } from "./gateway-answers.ts";
import { urgencyOf } from "./urgency.ts";

/** A PDU of a client. */
export interface Arrived {
  readonly pdu: Uint8Array;
  readonly broadcast: boolean;
}

/** Whether a PDU needs an answer, as far as it can be known: it may be ciphered. */
export const needsAnswer = ({ pdu, broadcast }: Arrived): boolean => !broadcast && unreachableAnswer(pdu) !== undefined;

/** The owner of the turns. It is one object, because an object of functions would take a third of a KiB for each client. */
export interface TurnsPort {
  /** Maximum number of waiting PDUs. */
  readonly outstanding: number;
  readonly closed: boolean;
  /** Called when it is the turn of this PDU. */
  serve(arrived: Arrived): void;
  /** Called when nothing blocks any more and all waiting PDUs had their turn. */
  idle(): void;
  /** Called when there is room again after the maximum was reached. */
  roomy(): void;
}

/** The turns of one client: its PDUs are served in order, each after the work of the previous ones is done. */
export class Turns {
  readonly #port: TurnsPort;
  readonly #waiting: Arrived[] = [];
  /** The PDU that is being served; undefined: none, or it needs no answer. */
  serving: Arrived | undefined;
  /** Number of works in progress. One work may start another. */
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

  /** A PDU without an answer that needs one. */
  get unanswered(): Uint8Array | undefined {
    const serving = this.serving === undefined ? [] : [this.serving];
    return [...serving, ...this.#waiting].find(needsAnswer)?.pdu;
  }

  /** Whether the maximum number of PDUs is waiting: no more should be received. */
  get full(): boolean {
    return this.#waiting.length >= Math.max(1, this.#port.outstanding);
  }

  /** Adds a waiting PDU. `prioritised`: a PDU of high priority overtakes waiting PDUs of normal priority. */
  wait(arrived: Arrived, prioritised = false): void {
    let at = this.#waiting.length;
    if (prioritised && urgencyOf(arrived.pdu) === "high") {
      while (at > 0 && urgencyOf((this.#waiting[at - 1] as Arrived).pdu) === "normal") at--;
    }
    this.#waiting.splice(at, 0, arrived);
  }

  /** Removes and returns all waiting PDUs. */
  takeAll(): Arrived[] {
    return this.#waiting.splice(0);
  }

  /** Serves no other PDU of this client until `work` is done. */
  block(work: PromiseLike<unknown>, failed: (error: unknown) => void): void {
    this.#blocks++;
    work.then(() => this.#goOn(), failed);
  }

  /** Called after a PDU was served: unless it still blocks, it has had its answer, and an idle client takes no memory for it. */
  forget(): void {
    if (!this.blocked) this.serving = undefined;
  }

  #goOn(): void {
    this.#blocks--;
    const { full } = this;
    // A PDU that is answered at once blocks nothing: waiting PDUs are served until one has to wait again.
    while (!this.blocked && !this.#port.closed) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#port.serve(next);
    }
    this.#port.idle();
    this.forget();
    if (full && !this.full) this.#port.roomy();
  }
}
