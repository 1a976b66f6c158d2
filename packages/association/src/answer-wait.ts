import { Fault } from "@dlmskit/core";

/** Waits for the server's answer to the last APDU that was sent: until when, and what came in its place. */
export class AnswerWait {
  readonly #timeout: number;
  #deadline: number | undefined;
  #end = Number.POSITIVE_INFINITY;
  /** Why the last APDU that was dropped was dropped: a time-out says so. */
  #dropped: Fault | undefined;
  /** An answer whose protection was wrong: anybody may have sent it, so that the true one is waited for. */
  #forged: Fault | undefined;

  /** `timeout`: ms for one answer. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** When the wait is over; undefined while nothing is waited for. */
  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Begins again. `end`: when the request must be over, with all its blocks. */
  start(now: number, end = Number.POSITIVE_INFINITY): void {
    this.#dropped = undefined;
    this.#forged = undefined;
    this.#end = end;
    this.#deadline = Math.min(now + this.#timeout, end);
  }

  /** Something came that is a part of the answer: the wait begins again, and ends no later than before. */
  again(now: number): void {
    if (this.#deadline !== undefined) this.#deadline = Math.min(now + this.#timeout, this.#end);
  }

  /** Whether all the time of the request is over. */
  ended(now: number): boolean {
    return now >= this.#end;
  }

  stop(): void {
    this.#deadline = undefined;
  }

  /** Remembers why an APDU was dropped. `spoilt`: it looked like the answer; the wait ends with it unless a better one comes. */
  dropped(fault: Fault, spoilt?: Fault): void {
    this.#dropped = fault;
    this.#forged = spoilt ?? this.#forged;
  }

  /** What the wait ends with: the forged answer, or else Fault `timeout`. Undefined while there is time. */
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
