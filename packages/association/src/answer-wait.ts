import { Fault } from "@dlmskit/core";

/** The wait for the server's answer to the last APDU: the deadline, and the Faults of APDUs that were received instead of the answer. */
export class AnswerWait {
  readonly #timeout: number;
  #deadline: number | undefined;
  #end = Number.POSITIVE_INFINITY;
  /** The reason why the last dropped APDU was dropped; the Fault `timeout` names it. */
  #dropped: Fault | undefined;
  /** The Fault of an answer with wrong protection. Anybody may have sent it, so the client continues to wait for the real answer. */
  #forged: Fault | undefined;

  /** `timeout`: how long to wait for one answer, ms. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** When the wait ends; undefined if the client does not wait. */
  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Starts a wait. `end`: the deadline of the request with all its blocks. */
  start(now: number, end = Number.POSITIVE_INFINITY): void {
    this.#dropped = undefined;
    this.#forged = undefined;
    this.#end = end;
    this.#deadline = Math.min(now + this.#timeout, end);
  }

  /** Restarts the wait after a part of the answer was received, at most until the deadline of the request. */
  again(now: number): void {
    if (this.#deadline !== undefined) this.#deadline = Math.min(now + this.#timeout, this.#end);
  }

  /** Whether the deadline of the request has passed. */
  ended(now: number): boolean {
    return now >= this.#end;
  }

  stop(): void {
    this.#deadline = undefined;
  }

  /**
   * Stores why an APDU was dropped. `spoilt`: it looked like the answer; the wait ends with this Fault unless a valid answer is
   * received.
   */
  dropped(fault: Fault, spoilt?: Fault): void {
    this.#dropped = fault;
    this.#forged = spoilt ?? this.#forged;
  }

  /** The Fault of the answer with wrong protection, or else Fault `timeout`. Undefined before the deadline. */
  expired(now: number): Fault | undefined {
    if (this.#deadline === undefined || now < this.#deadline) return undefined;
    return this.#forged ?? this.#late(now);
  }

  #late(now: number): Fault {
    const why = this.#dropped;
    const late =
      now >= this.#end
        ? "the answer was not complete within the time limit of the request"
        : `no answer within ${this.#timeout} ms`;
    return new Fault("timeout", late, {
      layer: "association",
      ...(why === undefined
        ? {}
        : {
            cause: why,
            hint: `an answer was dropped: ${why.message}${why.hint === undefined ? "" : ` (${why.hint})`}`,
          }),
    });
  }
}
