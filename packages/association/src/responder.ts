import {
  type Apdu,
  type ApduLike,
  ApduTag,
  type ConformanceName,
  decodeApdu,
  encodeApdu,
  type Rlrq,
} from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import type { CryptoProvider, Random } from "@dlmskit/security";
import { type Opened, type Sealing, unprotected } from "./channel.ts";
import { answerAarq } from "./handshake-responder.ts";
import { answerPass3, isPass3 } from "./hls-responder.ts";
import type { Initiated } from "./initiate-responder.ts";
import type { Negotiated, Offer } from "./offer.ts";
import type { ReleaseReason, ResponderOutput } from "./outputs.ts";
import { enforceRequest, responseSealing } from "./policy.ts";
import { establish } from "./pre-established.ts";
import { exceptionFor, refusal } from "./refusals.ts";
import { plainRoom } from "./room.ts";
import { echo, type RequestContext, type ServiceResponse } from "./server-port.ts";
import { ServerServices } from "./server-services.ts";
import type { ResponseProtection, ResultsOf } from "./services.ts";

export interface ResponderLimits {
  /** How long a block transfer may stand still, in ms; 60,000 unless told otherwise. */
  readonly transferTimeout?: number;
  /** Requests that wait for `respond` at the same time; 16 unless told otherwise. */
  readonly outstanding?: number;
}

export interface ResponderOptions {
  /** Absent: nothing can be opened; every AARQ is refused. */
  readonly offer?: Offer;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly limits?: ResponderLimits;
}

type Challenges = { readonly cToS: Uint8Array; readonly sToC: Uint8Array };

/** An association: being authenticated as long as it has challenges. */
interface Association {
  readonly initiated: Initiated;
  readonly services: ServerServices;
  challenges?: Challenges | undefined;
}

const requestTags: readonly number[] = [ApduTag["get-request"], ApduTag["set-request"], ApduTag["action-request"]];

/**
 * The server's end of one association, on one link address: octets and time in, outputs out.
 * No APDU makes it throw; what is refused is answered as the standard says and told as `refused`.
 */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #outputs: ResponderOutput[] = [];
  #open: Association | undefined;
  #ids = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** `pending`: the client has to finish its authentication (pass 3). */
  get state(): "idle" | "pending" | "associated" {
    if (this.#open === undefined) return "idle";
    return this.#open.challenges === undefined ? "associated" : "pending";
  }

  /** What was negotiated, once the client is authenticated. */
  get association(): Negotiated | undefined {
    return this.state === "associated" ? this.#open?.initiated.negotiated : undefined;
  }

  /** When `expire` is next due, in ms on the caller's clock. */
  get deadline(): number | undefined {
    return this.#open?.services.deadline;
  }

  /** One APDU from the client. */
  receive(pdu: Uint8Array, now: number): void {
    this.expire(now);
    try {
      this.#receive(pdu, now);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#refuse(caught);
      this.#transmit(encodeApdu(exceptionFor(caught)));
    }
  }

  /**
   * The results of request `id`, as many as it had items, in their order. An id that is not waited for (answered, or its
   * association is over) is ignored. `least`: how the answer must be protected by the access rights of what was asked for.
   * Throws Fault `bad-results` for another number of results, and the Faults of encoding them.
   */
  respond(id: number, results: ResultsOf, now: number, least?: ResponseProtection): void {
    this.#open?.services.respond(id, results, now, least);
  }

  /** The link is gone, or the server wants the association to end. */
  abort(_now: number): void {
    this.#close("aborted");
  }

  expire(now: number): void {
    this.#open?.services.expire(now);
  }

  /** The next thing to do, in order; undefined when there is none. */
  poll(): ResponderOutput | undefined {
    return this.#outputs.shift();
  }

  #transmit(pdu: Uint8Array): void {
    this.#outputs.push({ type: "transmit", pdu });
  }

  #refuse(fault: Fault): void {
    this.#outputs.push({ type: "refused", fault });
  }

  #close(why: ReleaseReason): void {
    const told = this.state === "associated";
    this.#open = undefined;
    if (told) this.#outputs.push({ type: "released", why });
  }

  #receive(pdu: Uint8Array, now: number): void {
    const tag = pdu[0];
    this.#establish();
    if (tag === ApduTag.aarq) {
      this.#associate(pdu);
      return;
    }
    if (tag === ApduTag.rlrq) {
      this.#release(pdu);
      return;
    }
    const open = this.#open;
    if (open === undefined) throw refusal("not-associated", "no association is open");
    const { channel, negotiated } = open.initiated;
    if (negotiated.serverMaxReceivePduSize !== 0 && pdu.length > negotiated.serverMaxReceivePduSize) {
      throw refusal("pdu-too-long", `${pdu.length} octets, ${negotiated.serverMaxReceivePduSize} are taken`);
    }
    if (tag === undefined)
      throw new Fault("truncated", "an APDU has at least one octet", { layer: "xdlms", offset: 0 });
    const opened = channel.open(pdu);
    try {
      this.#serve(open, opened, now);
    } catch (caught) {
      // Nothing is ever answered to an unconfirmed service.
      if (!(caught instanceof Fault) || !isUnconfirmed(opened.apdu)) throw caught;
      this.#refuse(caught);
    }
  }

  /** What is open without being opened, is so once the client is heard: its keys are at hand by then. */
  #establish(): void {
    const { offer, provider, random } = this.#options;
    if (offer?.preEstablished === undefined || this.#open !== undefined) return;
    const initiated = establish(offer, offer.preEstablished, { provider, random });
    this.#open = { initiated, services: this.#services(initiated, offer) };
    this.#outputs.push({ type: "associated", association: initiated.negotiated });
  }

  #associate(pdu: Uint8Array): void {
    const { provider, random } = this.#options;
    const offer = this.#options.offer?.preEstablished === undefined ? this.#options.offer : undefined;
    const answer = answerAarq(pdu, { offer, provider, random });
    if (answer.fault !== undefined) this.#refuse(answer.fault);
    // Whoever asks anew gives up what was open, whether or not it gets anything: never two at once, never the old by a mistake.
    if (answer.malformed !== true && this.#open !== undefined && offer !== undefined) this.#close("reassociated");
    if (answer.aare !== undefined) this.#transmit(answer.aare);
    const { initiated, challenges } = answer;
    if (initiated === undefined || offer === undefined) return;
    this.#open = { initiated, services: this.#services(initiated, offer), challenges };
    if (challenges === undefined) {
      this.#outputs.push({ type: "associated", association: initiated.negotiated });
    }
  }

  #services(initiated: Initiated, offer: Offer): ServerServices {
    const { limits } = this.#options;
    const { negotiated } = initiated;
    const conformance = new Set<ConformanceName>(negotiated.conformance);
    return new ServerServices({
      maxApdu: offer.maxApdu ?? 0x10000,
      transferTimeout: limits?.transferTimeout ?? 60_000,
      outstanding: limits?.outstanding ?? 16,
      nextId: () => ++this.#ids,
      has: (name) => conformance.has(name),
      room: ({ sealing }) => this.#room(negotiated, sealing),
      reply: (apdu, context) => this.#reply(apdu, context, initiated),
      request: (incoming) => this.#outputs.push({ type: "request", incoming }),
      refused: (fault) => this.#refuse(fault),
      exception: (fault) => {
        this.#refuse(fault);
        this.#transmit(encodeApdu(exceptionFor(fault)));
      },
    });
  }

  #room({ clientMaxReceivePduSize }: Negotiated, sealing: Sealing | undefined): number {
    return plainRoom(clientMaxReceivePduSize, sealing, this.#options.offer?.security?.suite);
  }

  #reply(apdu: ServiceResponse, { sealing, serviceClass }: RequestContext, { channel, negotiated }: Initiated): void {
    if (serviceClass !== "confirmed") return;
    const octets = encodeApdu(apdu as ApduLike);
    if (octets.length > this.#room(negotiated, sealing)) {
      throw refusal("pdu-too-long", `the client takes no answer of ${octets.length} octets`);
    }
    this.#transmit(channel.seal(octets, sealing));
  }

  #serve(open: Association, { apdu: octets, seen, sealing, lowest }: Opened, now: number): void {
    const { offer } = this.#options as { offer: Offer };
    const policy = offer.ciphered ? offer.security?.policy : undefined;
    enforceRequest(policy, seen);
    const tag = octets[0] as number;
    if (!requestTags.includes(tag)) {
      throw refusal("service-not-supported", `an APDU with the tag 0x${tag.toString(16)} is not served here`);
    }
    const apdu = decodeApdu(octets) as ServiceApdu;
    const context: RequestContext = { ...echo(apdu), seen, sealing: responseSealing(policy, sealing) };
    if (sealing?.broadcast === true && context.serviceClass === "confirmed") {
      throw refusal("broadcast-key", "a request that wants an answer, under the key for all");
    }
    if (isPass3(apdu, offer)) {
      this.#pass3(open, apdu as Pass3, context, lowest);
      return;
    }
    if (open.challenges !== undefined) throw refusal("not-associated", "the client is not authenticated yet");
    if (!open.initiated.negotiated.confirmed && context.serviceClass === "confirmed") {
      throw refusal("service-not-supported", "the association is for unconfirmed services only");
    }
    open.services.receive(apdu, context, now);
  }

  #pass3(open: Association, apdu: Pass3, context: RequestContext, lowest: number | undefined): void {
    const { offer, provider } = this.#options as { offer: Offer; provider: CryptoProvider };
    const { initiated, challenges } = open;
    const { negotiated } = initiated;
    if (challenges === undefined) {
      // Nothing waits for it, or it came before: the challenge was good for one answer.
      this.#reply({ apdu: "action-response-normal", ...echo(apdu), result: "read-write-denied" }, context, initiated);
      return;
    }
    try {
      const pass4 = answerPass3(apdu, { offer, negotiated, provider, challenges, lowest });
      open.challenges = undefined;
      this.#reply(pass4, context, initiated);
      this.#outputs.push({ type: "associated", association: negotiated });
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#open = undefined;
      this.#refuse(caught);
      this.#reply({ apdu: "action-response-normal", ...echo(apdu), result: "other-reason" }, context, initiated);
    }
  }

  #release(pdu: Uint8Array): void {
    const open = this.#open;
    // There is nothing to release, and nobody to answer.
    if (open === undefined || this.#options.offer?.preEstablished !== undefined) {
      this.#refuse(refusal("not-associated", "a release of what was not opened"));
      return;
    }
    const { channel, sealing, response } = open.initiated;
    const rlrq = decodeApdu(pdu) as Rlrq;
    let userInformation: Uint8Array | undefined;
    if (rlrq.userInformation !== undefined) {
      const opened = channel.open(rlrq.userInformation);
      this.#enforceRelease(opened, sealing !== undefined);
      userInformation = response();
    } else if (this.#options.offer?.ciphered === true) {
      this.#enforceRelease({ seen: unprotected }, sealing !== undefined);
    }
    this.#close("rlrq");
    this.#open = undefined;
    this.#transmit(
      encodeApdu({ apdu: "rlre", reason: "normal", ...(userInformation === undefined ? {} : { userInformation }) }),
    );
  }

  /** A release is protected as the policy asks, and not less than the association was opened. */
  #enforceRelease({ seen }: Pick<Opened, "seen">, wasProtected: boolean): void {
    const { offer } = this.#options;
    if (offer?.ciphered !== true) return;
    enforceRequest(offer.security?.policy, seen);
    if (wasProtected && !seen.authenticated && !seen.encrypted && !seen.signed) {
      throw refusal("protection-too-weak", "the association was opened with protection, its release has none");
    }
  }
}

type ServiceApdu = Extract<Apdu, { apdu: `${"get" | "set" | "action"}-request-${string}` }>;
type Pass3 = Extract<ServiceApdu, { apdu: "action-request-normal" }>;

/** Whether the octets begin as a request of an unconfirmed service does; it need not be readable beyond that. */
function isUnconfirmed(octets: Uint8Array): boolean {
  return requestTags.includes(octets[0] as number) && octets.length > 2 && ((octets[2] as number) & 0x40) === 0;
}
