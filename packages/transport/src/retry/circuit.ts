export interface CircuitOptions {
  /** Number of failures after which no more attempts are made; 5 by default. */
  readonly failures?: number;
  /** The time in which these failures must have occurred, ms; 60,000 by default. */
  readonly within?: number;
  /** How long no attempt is made, ms; 5000 by default. After each trial that fails it is twice as long. */
  readonly openFor?: number;
  /** The longest time without an attempt, ms; 60,000 by default. */
  readonly longest?: number;
}

/** `closed`: attempts are made. `open`: none is made. `half-open`: one attempt is made as a trial. */
export type CircuitState = "closed" | "open" | "half-open";

/** An attempt that the circuit allowed. */
export interface Permit {
  /** Whether the attempt is the trial of a half-open circuit. */
  readonly trial: boolean;
}

/** Counts the failures of one destination, and stops attempts for a while when there were too many. Times are ms of any clock. */
export class Circuit {
  readonly #options: Required<CircuitOptions>;
  /** Times of the failures while it is closed. */
  #failed: number[] = [];
  #openUntil: number | undefined;
  #openFor: number;
  #trial: Permit | undefined;

  constructor(options: CircuitOptions = {}) {
    const { failures = 5, within = 60_000, openFor = 5000, longest = 60_000 } = options;
    this.#options = { failures: Math.max(1, failures), within, openFor, longest: Math.max(openFor, longest) };
    this.#openFor = openFor;
  }

  get state(): CircuitState {
    if (this.#openUntil === undefined) return "closed";
    return this.#trial === undefined ? "open" : "half-open";
  }

  /** Number of failures that are counted now. */
  get failures(): number {
    return this.#failed.length;
  }

  /** When the next attempt is allowed; undefined while the trial is under way. */
  nextTry(now: number): number | undefined {
    if (this.#openUntil === undefined) return now;
    return this.#trial === undefined ? Math.max(now, this.#openUntil) : undefined;
  }

  /** Asks for an attempt; undefined: not now. Each permit must be given back by `succeeded`, `failed` or `cancelled`. */
  ask(now: number): Permit | undefined {
    if (this.#openUntil === undefined) return { trial: false };
    if (this.#trial !== undefined || now < this.#openUntil) return undefined;
    this.#trial = { trial: true };
    return this.#trial;
  }

  /** The attempt succeeded: the circuit is closed. */
  succeeded(_permit: Permit): void {
    this.#failed = [];
    this.#openUntil = undefined;
    this.#trial = undefined;
    this.#openFor = this.#options.openFor;
  }

  /** The attempt failed. Returns whether this opened the circuit. */
  failed(permit: Permit, now: number): boolean {
    const { failures, within, longest } = this.#options;
    if (this.#openUntil !== undefined) {
      // An attempt that began before the circuit was opened.
      if (permit !== this.#trial) return false;
      this.#trial = undefined;
      this.#openFor = Math.min(longest, this.#openFor * 2);
      this.#openUntil = now + this.#openFor;
      return true;
    }
    this.#failed = [...this.#failed.filter((at) => now - at < within), now];
    if (this.#failed.length < failures) return false;
    this.#openUntil = now + this.#openFor;
    return true;
  }

  /** The attempt was given up for a reason that says nothing of the destination. */
  cancelled(permit: Permit): void {
    if (permit === this.#trial) this.#trial = undefined;
  }

  /** Whether nothing is lost when the circuit is forgotten. */
  forgettable(now: number): boolean {
    return this.#openUntil === undefined && this.#failed.every((at) => now - at >= this.#options.within);
  }
}
