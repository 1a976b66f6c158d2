import { type Offer, Responder } from "@dlmskit/association";
import type { Fault } from "@dlmskit/core";
import type { Association } from "../meter/association-spec.ts";
import type { Meter } from "../meter/meter.ts";
import { offerOf } from "../security/offer.ts";
import type { SessionPort } from "./session-port.ts";
import type { SessionTaps } from "./session-taps.ts";

export type AdmissionPort = Pick<SessionPort, "environment" | "limits" | "lockouts" | "remote">;

/** Who wants to open an association, and with which meter. */
export interface Applicant {
  readonly meter: Meter;
  /** Undefined: the meter does not know the client. */
  readonly association: Association | undefined;
  readonly taps: SessionTaps | undefined;
}

// These mechanisms have secrets that can be guessed; keys of mechanisms 5 and 7 cannot be.
const guessable = (mechanism: number): boolean => mechanism >= 1 && mechanism !== 5 && mechanism !== 7;

const isFailedAuthentication = ({ code }: Fault): boolean => code === "authentication-failed";

/** What a client may open: a source that failed too often, or a client that is one too many, finds nothing to open. */
export class Admission {
  readonly #port: AdmissionPort;
  readonly #applicant: Applicant;
  #locked = false;

  constructor(port: AdmissionPort, applicant: Applicant) {
    this.#port = port;
    this.#applicant = applicant;
  }

  /** The responder for the next PDU: `current` where that may go on, else a new one. */
  responder(current: Responder | undefined, now: number): Responder {
    const { meter, association } = this.#applicant;
    const state = current?.state ?? "idle";
    if (current !== undefined && (association === undefined || state === "associated")) return current;
    const { limits, lockouts } = this.#port;
    // Clients in the middle of authentication are checked again: many connections must not give many guesses.
    const locked =
      association !== undefined &&
      ((state === "idle" && meter.openBeside(association) >= limits.associationsPerMeter) ||
        lockouts.locked(this.#source, now));
    if (current !== undefined && locked === this.#locked) return current;
    this.#locked = locked;
    return this.#newResponder();
  }

  #newResponder(): Responder {
    const { environment, limits } = this.#port;
    const { provider, random } = environment;
    const { meter, association, taps } = this.#applicant;
    const offer: Offer | undefined =
      association === undefined || this.#locked ? undefined : offerOf(meter.state(association), meter.systemTitle);
    return new Responder({
      ...(offer === undefined ? {} : { offer }),
      provider,
      random,
      limits: { outstanding: limits.outstandingRequests },
      ...(taps === undefined ? {} : { tap: (way, apdu) => taps.plain(way, apdu) }),
    });
  }

  /** Where failed authentications come from. */
  get #source(): string {
    const { meter, association } = this.#applicant;
    const host = this.#port.remote().replace(/:\d+$/, "");
    return `${host} ${meter.id} ${association?.name}`;
  }

  /** The client has opened its association. */
  succeeded(): void {
    this.#port.lockouts.succeeded(this.#source);
  }

  /** The client was refused; gives until when (ms on the machine's clock) its source is locked out, undefined: it is not. */
  refused(fault: Fault, now: number): number | undefined {
    const { association } = this.#applicant;
    if (association === undefined || this.#locked || !guessable(association.security.mechanism)) return undefined;
    if (!isFailedAuthentication(fault)) return undefined;
    return this.#port.lockouts.failed(this.#source, now);
  }
}
