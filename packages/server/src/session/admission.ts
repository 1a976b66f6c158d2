import { type Negotiated, type Offer, Responder } from "@dlmskit/association";
import { Fault, type LinkAddress } from "@dlmskit/core";
import type { ServerEvent } from "../events.ts";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Meter } from "../meter/meter.ts";
import type { AssociationState } from "../security/association-state.ts";
import { type OfferGuard, offerOf } from "../security/offer.ts";
import { longestBehind } from "./gateway-answers.ts";
import { sourceOf } from "./lockouts.ts";
import { PortGuard } from "./port-guard.ts";
import type { SessionPort } from "./session-port.ts";
import type { SessionTaps } from "./session-taps.ts";

export type AdmissionPort = Pick<SessionPort, "environment" | "limits" | "lockouts" | "forgeable" | "remote" | "tell">;

/** The client that wants to open an association, and the meter. */
export interface Applicant {
  readonly meter: Meter;
  readonly device: Device;
  readonly address: LinkAddress;
  readonly taps: SessionTaps | undefined;
}

// The secrets of these mechanisms can be guessed; the keys of mechanisms 5 and 7 cannot.
const guessable = (mechanism: number): boolean => mechanism >= 1 && mechanism !== 5 && mechanism !== 7;

const isFailedAuthentication = ({ code }: Fault): boolean => code === "authentication-failed";

const noFailures: readonly string[] = ["lease-lost", "meter-held", "counter-replayed", "port-locked"];

/** The Fault if this process no longer has the meter, or the meter has changed. */
export const lost = (why: string): Fault => new Fault("lease-lost", why, { layer: "server" });

/** Whether the error is not a failure of a store: the meter must not answer, but it is in order. */
export const isNoFailure = (error: unknown): error is Fault =>
  error instanceof Fault && noFailures.includes(error.code);

// The maximum APDU length for a source that can be forged, in an association without authentication.
const forgeablePduSize = 64;

/** Decides what a client may open. A client over the limit must try later. A source that failed too often cannot authenticate. */
export class Admission implements OfferGuard {
  readonly #port: AdmissionPort;
  readonly #applicant: Applicant;
  readonly #guard: PortGuard;
  #busy = false;
  /** The state of the association that the responder offers. */
  #offered: AssociationState | undefined;

  constructor(port: AdmissionPort, applicant: Applicant) {
    this.#port = port;
    this.#applicant = applicant;
    this.#guard = PortGuard.of(applicant.device);
  }

  get #association(): Association | undefined {
    const { device, address } = this.#applicant;
    return device.association(address.client);
  }

  /** The responder for the next PDU: `current` if it may continue, otherwise a new one. */
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

  /** The source to which failed authentications are counted. */
  get #source(): string {
    const { meter } = this.#applicant;
    return `${sourceOf(this.#port.remote)} ${meter.id} ${this.#association?.name}`;
  }

  /** Read at each use of the secret, so that the lock-out also applies to associations that were opened before it. */
  get otherSecret(): Uint8Array | undefined {
    return this.#locked ? this.#port.lockouts.unknowable : undefined;
  }

  get #locked(): boolean {
    const { environment, lockouts } = this.#port;
    const association = this.#association;
    if (association === undefined || !guessable(association.security.mechanism)) return false;
    return lockouts.locked(this.#source, environment.clock.now());
  }

  /** The users in the current user_list of the association object. */
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
    return limited ? forgeablePduSize : longestBehind(this.#applicant.address);
  }

  /** Why no association may be opened over the port now; undefined: one may be opened, or is open. */
  portLocked(live: LiveMeter | undefined, current: Responder | undefined): Fault | undefined {
    if (live === undefined || current?.state === "associated" || !this.#guard.isLocked(live)) return undefined;
    const hint = "wait until the lock-out ends, or invoke reset of the meter's Communication port protection";
    return new Fault("port-locked", "the port of the meter is locked", { layer: "server", hint });
  }

  /** Called when the client has opened its association. */
  succeeded({ mechanism }: Negotiated): void {
    this.#port.lockouts.succeeded(this.#source);
    if (mechanism !== 0) this.#guard.attempted(this.#applicant.meter.live, true);
  }

  /** Reports to the operator that the client was refused and, if its source is locked out now, the end of the lock-out. */
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

  /** The Fault for the operator, which the client does not get, and the end of the lock-out of its source (ms on the machine's clock). */
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
