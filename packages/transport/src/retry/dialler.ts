import { Fault } from "@dlmskit/core";
import type { Clock } from "../clock.ts";
import { type Backoff, backoffBounds, backoffDelay, type RandomNumber } from "./backoff.ts";
import { Circuit, type CircuitOptions, type Permit } from "./circuit.ts";
import type { DialEvent } from "./dial-event.ts";
import { type Closable, type Ended, within } from "./within.ts";

/** How often and how long to try. */
export interface DialPolicy {
  /** Number of attempts after the first one; 0 by default. `Infinity` tries until the deadline or an abort. */
  readonly retries?: number;
  /** Time limit of each attempt, ms; none by default: the transport has its own. */
  readonly attemptTimeout?: number;
  /** Time limit of all attempts and the waits between them, ms; none by default. */
  readonly deadline?: number;
  /** The waits between attempts. */
  readonly backoff?: Backoff;
  /** Aborts everything: Fault `aborted`. */
  readonly signal?: AbortSignal;
}

export interface DiallerOptions extends Omit<DialPolicy, "signal"> {
  readonly clock: Clock;
  /** `Math.random` by default. */
  readonly random?: RandomNumber;
  /** When a destination gets no more attempts for a while; `false`: never. */
  readonly circuit?: CircuitOptions | false;
  /** Whether another attempt can help after this Fault, and whether the circuit counts it; `isTemporary` by default. */
  temporary?(fault: Fault): boolean;
  /** Called for each event; it must not throw. */
  events?(event: DialEvent): void;
}

/** One attempt to connect. */
export interface Attempt {
  /** 1 for the first one. */
  readonly attempt: number;
  /** Aborted when the attempt is given up: pass it to `tcpConnect` or `tlsConnect`. */
  readonly signal: AbortSignal;
}

const permanent: ReadonlySet<string> = new Set([
  ...["aborted", "bad-certificate", "bad-option", "bad-port", "bad-value", "not-permitted", "serialport-missing"],
  ...[
    "address-not-available",
    "contract-broken",
    "deadline-passed",
    "tls-version",
    "no-shared-cipher",
    "wrong-subject",
  ],
  ...["unknown-issuer", "wrong-usage", "certificate-missing", "revoked", "bad-private-key"],
]);

/** Whether a Fault can be gone at the next attempt: the transport or the link failed, and not what the program gave. */
export function isTemporary({ layer, code }: Fault): boolean {
  if (layer === "transport") return !permanent.has(code);
  return (layer === "client" || layer === "association") && (code === "timeout" || code === "link-lost");
}

/** Number of circuits above which those that count nothing are forgotten. */
const manyCircuits = 1000;

/**
 * Connects, and tries again with growing waits. All attempts for a destination share its circuit: after too many failures none is made
 * for a while (Fault `circuit-open`), then one as a trial. Several callers may use one Dialler at the same time.
 */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #circuits = new Map<string, Circuit>();

  /** Fault `bad-value` for a back-off that is not possible. */
  constructor(options: DiallerOptions) {
    backoffBounds(1, options.backoff);
    this.#options = options;
  }

  /** Number of destinations whose failures are counted. */
  get circuits(): number {
    return this.#circuits.size;
  }

  /** The time until an attempt for the destination is allowed, ms; 0: now. Undefined: a trial is under way. */
  waitOf(destination: string): number | undefined {
    const now = this.#options.clock.now();
    const circuit = this.#circuits.get(destination);
    const next = circuit === undefined ? now : circuit.nextTry(now);
    return next === undefined ? undefined : next - now;
  }

  /**
   * Opens something at a destination: a `Duplex`, a `Session`. `destination` is any name; equal names share a circuit. What an attempt
   * opens after it was given up is closed. Faults: those of `open` after the last attempt, `connect-timeout` (an attempt),
   * `deadline-passed`, `circuit-open`, `aborted`.
   */
  async open<T extends Closable>(
    destination: string,
    open: (attempt: Attempt) => Promise<T>,
    policy: DialPolicy = {},
  ): Promise<T> {
    const { clock, events } = this.#options;
    const { retries = 0, deadline, signal, backoff = {}, attemptTimeout } = { ...this.#options, ...policy };
    const end = deadline === undefined ? Number.POSITIVE_INFINITY : clock.now() + deadline;
    const late = (cause?: Fault): Fault => deadlinePassed(destination, deadline as number, cause);
    let last: Fault | undefined;
    for (let attempt = 1; ; attempt++) {
      if (signal?.aborted === true) throw aborted(destination);
      if (clock.now() >= end) throw late(last);
      try {
        const limits = { end, attemptTimeout, signal };
        const opened = await this.#attempt(destination, attempt, open, limits, last);
        events?.({ type: "connected", destination, attempt });
        return opened;
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
        const again = attempt <= retries && (caught.code === "circuit-open" || this.#temporary(caught));
        const retryIn = again ? this.#retryIn(destination, attempt, backoff) : undefined;
        const goesOn = retryIn !== undefined && clock.now() + retryIn < end;
        events?.({ type: "attempt-failed", destination, attempt, fault: caught, ...(goesOn && { retryIn }) });
        if (caught.code === "deadline-passed") throw late(last);
        if (retryIn === undefined) throw caught;
        if (!goesOn) throw late(caught);
        last = caught;
        await this.#wait(retryIn, destination, signal);
      }
    }
  }

  #temporary(fault: Fault): boolean {
    return (this.#options.temporary ?? isTemporary)(fault);
  }

  /** The back-off, counted from the time at which the circuit allows an attempt. */
  #retryIn(destination: string, failures: number, backoff: Backoff): number {
    return (this.waitOf(destination) ?? 0) + backoffDelay(failures, backoff, this.#options.random ?? Math.random);
  }

  async #attempt<T extends Closable>(
    destination: string,
    attempt: number,
    open: (attempt: Attempt) => Promise<T>,
    limits: {
      readonly end: number;
      readonly attemptTimeout: number | undefined;
      readonly signal: AbortSignal | undefined;
    },
    last: Fault | undefined,
  ): Promise<T> {
    const { clock, events } = this.#options;
    const circuit = this.#circuitOf(destination);
    const permit = circuit === undefined ? { trial: false } : circuit.ask(clock.now());
    if (permit === undefined) throw this.#refused(destination, last);
    if (permit.trial) events?.({ type: "circuit-half-open", destination });
    events?.({ type: "attempting", destination, attempt });
    const { end, attemptTimeout = Number.POSITIVE_INFINITY, signal } = limits;
    const limit = clock.now() + attemptTimeout;
    const faults: { readonly [ended in Ended]: () => Fault } = {
      late: () =>
        limit < end
          ? new Fault("connect-timeout", `connect to ${destination}: not finished within ${attemptTimeout} ms`, {
              layer: "transport",
            })
          : new Fault("deadline-passed", `connect to ${destination}: the deadline has passed`, { layer: "transport" }),
      aborted: () => aborted(destination),
    };
    try {
      const opened = await within((attemptSignal) => open({ attempt, signal: attemptSignal }), {
        ...{ clock, signal, faults },
        until: Math.min(limit, end),
      });
      this.#succeeded(destination, circuit, permit);
      return opened;
    } catch (caught) {
      if (circuit !== undefined) this.#failed(destination, circuit, permit, caught);
      throw caught;
    }
  }

  #circuitOf(destination: string): Circuit | undefined {
    const { circuit: options, clock } = this.#options;
    if (options === false) return undefined;
    const known = this.#circuits.get(destination);
    if (known !== undefined) return known;
    if (this.#circuits.size >= manyCircuits) {
      const now = clock.now();
      for (const [name, circuit] of this.#circuits) if (circuit.forgettable(now)) this.#circuits.delete(name);
    }
    const circuit = new Circuit(options);
    this.#circuits.set(destination, circuit);
    return circuit;
  }

  #succeeded(destination: string, circuit: Circuit | undefined, permit: Permit): void {
    if (circuit === undefined) return;
    const before = circuit.state;
    circuit.succeeded(permit);
    this.#circuits.delete(destination);
    if (before !== "closed") this.#options.events?.({ type: "circuit-closed", destination });
  }

  #failed(destination: string, circuit: Circuit, permit: Permit, caught: unknown): void {
    const { clock, events } = this.#options;
    const now = clock.now();
    const counts = caught instanceof Fault && (caught.code === "deadline-passed" || this.#temporary(caught));
    if (!counts) circuit.cancelled(permit);
    else if (circuit.failed(permit, now)) {
      events?.({ type: "circuit-opened", destination, tryIn: (circuit.nextTry(now) ?? now) - now, fault: caught });
    }
  }

  #refused(destination: string, cause: Fault | undefined): Fault {
    const wait = this.waitOf(destination);
    const next =
      wait === undefined ? "one attempt is under way" : `the next one is made in ${Math.ceil(wait)} ms or later`;
    return new Fault("circuit-open", `no attempt to connect to ${destination}: the last ones failed; ${next}`, {
      layer: "transport",
      hint: cause?.hint ?? "check that the destination is there, then wait",
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #wait(ms: number, destination: string, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel();
        reject(aborted(destination));
      };
      const cancel = clock.at(clock.now() + ms, () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      });
      signal?.addEventListener("abort", stop, { once: true });
    });
  }
}

const aborted = (destination: string): Fault =>
  new Fault("aborted", `connect to ${destination}: aborted`, { layer: "transport" });

function deadlinePassed(destination: string, deadline: number, cause: Fault | undefined): Fault {
  const why = cause === undefined ? "" : `; the last attempt failed: ${cause.message}`;
  return new Fault("deadline-passed", `connect to ${destination}: no connection within ${deadline} ms${why}`, {
    layer: "transport",
    ...(cause?.hint === undefined ? {} : { hint: cause.hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
