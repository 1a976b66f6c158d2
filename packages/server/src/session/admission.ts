import { type Negotiated, type Offer, Responder } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import type { ServerEvent } from "../events.ts";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Meter } from "../meter/meter.ts";
import type { AssociationState } from "../security/association-state.ts";
import { type OfferGuard, offerOf } from "../security/offer.ts";
import { sourceOf } from "./lockouts.ts";
import { PortGuard } from "./port-guard.ts";
import type { SessionPort } from "./session-port.ts";
import type { SessionTaps } from "./session-taps.ts";

export type AdmissionPort = Pick<SessionPort, "environment" | "limits" | "lockouts" | "forgeable" | "remote" | "tell">;

/** Who wants to open an association, and with which meter. */
export interface Applicant {
  readonly meter: Meter;
  readonly device: Device;
  /** SAP of the client. */
  readonly client: number;
  readonly taps: SessionTaps | undefined;
}

// These mechanisms have secrets that can be guessed; keys of mechanisms 5 and 7 cannot be.
const guessable = (mechanism: number): boolean => mechanism >= 1 && mechanism !== 5 && mechanism !== 7;

const isFailedAuthentication = ({ code }: Fault): boolean => code === "authentication-failed";

const noFailures: readonly string[] = ["lease-lost", "meter-held", "counter-replayed", "port-locked"];

/** The meter is no more this process's, or no more as it was. */
export const lost = (why: string): Fault => new Fault("lease-lost", why, { layer: "server" });

/** Whether a meter that may not answer is as it should be, and no store has failed. */
export const isNoFailure = (error: unknown): error is Fault =>
  error instanceof Fault && noFailures.includes(error.code);

// The longest APDU for a source that can be forged, in an association without authentication.
const forgeablePduSize = 64;

/** What a client may open: a client that is one too many has to try later, and a source that failed too often does not succeed. */
export class Admission implements OfferGuard {
  readonly #port: AdmissionPort;
  readonly #applicant: Applicant;
  readonly #guard: PortGuard;
  #busy = false;
  /** What the responder offers to open. */
  #offered: AssociationState | undefined;

  constructor(port: AdmissionPort, applicant: Applicant) {
    this.#port = port;
    this.#applicant = applicant;
    this.#guard = PortGuard.of(applicant.device);
  }

  get #association(): Association | undefined {
    const { device, client } = this.#applicant;
    return device.association(client);
  }

  /** The responder for the next PDU: `current` where that may go on, else a new one. */
  responder(current: Responder | undefined): Responder {
    const { meter } = this.#applicant;
    const association = this.#association;
    const state = current?.state ?? "idle";
    if (current !== undefined && (association === undefined || state !== "idle")) return current;
    const busy = association !== undefined && !meter.hasRoom(association, this.#port.limits.associationsPerMeter);
    const offered = association === undefined ? undefined : meter.state(association);
    if (current !== undefined && busy === this.#busy && offered === this.#offered) return current;
    this.#busy = busy;
    this.#offered = offered;
    return this.#newResponder();
  }

  #newResponder(): Responder {
    const { environment, limits } = this.#port;
    const { provider, random } = environment;
    const { meter, taps } = this.#applicant;
    const association = this.#association;
    const offer: Offer | undefined =
      association === undefined || this.#busy ? undefined : offerOf(meter.state(association), meter.systemTitle, this);
    return new Responder({
      ...(offer === undefined ? { busy: this.#busy } : { offer }),
      provider,
      random,
      limits: { outstanding: limits.outstandingRequests },
      ...(taps === undefined ? {} : { tap: (way, apdu) => taps.plain(way, apdu) }),
    });
  }

  /** Where failed authentications come from. */
  get #source(): string {
    const { meter } = this.#applicant;
    return `${sourceOf(this.#port.remote)} ${meter.id} ${this.#association?.name}`;
  }

  /** Asked whenever the secret is used: what was opened before the lock-out obeys it, too. */
  get otherSecret(): Uint8Array | undefined {
    return this.#locked ? this.#port.lockouts.unknowable : undefined;
  }

  get #locked(): boolean {
    const { environment, lockouts } = this.#port;
    const association = this.#association;
    if (association === undefined || !guessable(association.security.mechanism)) return false;
    return lockouts.locked(this.#source, environment.clock.now());
  }

  /** As the user_list of the association object has them now. */
  get users(): readonly number[] | undefined {
    const { meter, device } = this.#applicant;
    const association = this.#association;
    const object = association === undefined ? undefined : device.byName.get(association.instance);
    const list = object && (meter.live.values(object).userList as readonly { readonly userId: number }[] | undefined);
    return list === undefined || list.length === 0 ? undefined : list.map(({ userId }) => userId);
  }

  get mostPduSize(): number | undefined {
    const { forgeable, limits } = this.#port;
    const limited = forgeable && limits.datagramAnswer > 0 && this.#association?.security.mechanism === 0;
    return limited ? forgeablePduSize : undefined;
  }

  /** Why nothing may be opened over the port now; undefined: something may, or is open. */
  portLocked(live: LiveMeter | undefined, current: Responder | undefined): Fault | undefined {
    if (live === undefined || current?.state === "associated" || !this.#guard.isLocked(live)) return undefined;
    const hint = "wait until the lock-out ends, or invoke reset of the meter's Communication port protection";
    return new Fault("port-locked", "the port of the meter is locked", { layer: "server", hint });
  }

  /** The client has opened its association. */
  succeeded({ mechanism }: Negotiated): void {
    this.#port.lockouts.succeeded(this.#source);
    if (mechanism !== 0) this.#guard.attempted(this.#applicant.meter.live, true);
  }

  /** The client was refused: the operator is told, and until when its source is locked out from now on, where it is. */
  refuse(
    fault: Fault,
    where: Pick<ServerEvent & { type: "refused" }, "remote" | "address" | "meter">,
    now: number,
  ): void {
    const { environment } = this.#port;
    const { fault: told, until } = this.#refused(fault, now);
    this.#port.tell({ type: "refused", ...where, fault: told });
    if (until === undefined) return;
    this.#port.tell({ type: "locked", ...where, until: environment.time.now + (until - now) });
  }

  /** What the operator is told, which the client is not, and until when (ms on the machine's clock) its source is locked out. */
  #refused(fault: Fault, now: number): { readonly fault: Fault; readonly until?: number | undefined } {
    const association = this.#association;
    const counts = isFailedAuthentication(fault) && association !== undefined;
    if (counts) this.#guard.attempted(this.#applicant.meter.live, false);
    if (!counts || !guessable(association.security.mechanism)) return { fault };
    if (!this.#locked) return { fault, until: this.#port.lockouts.failed(this.#source, now) };
    const message = "the client is locked out: its secret was not checked";
    return { fault: new Fault("locked-out", message, { layer: "server", cause: fault }) };
  }
}
