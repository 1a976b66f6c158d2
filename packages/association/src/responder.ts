import { ApduTag, type DataNotificationConfirm, decodeApdu, encodeApdu, type Rlrq } from "@dlmskit/apdu";
import { type CosemDateTime, Fault } from "@dlmskit/core";
import type { CryptoProvider } from "@dlmskit/security";
import { answerPass3, type Pass3, pass3Of } from "./handshake/hls-responder.ts";
import type { Initiated } from "./handshake/initiate.ts";
import { establish } from "./handshake/pre-established.ts";
import { answerAarq } from "./handshake/responder.ts";
import type { Negotiated, Offer } from "./offer.ts";
import type { ReleaseReason, ResponderOutput } from "./outputs.ts";
import { isCiphered, type Opened } from "./protection/channel.ts";
import { enforceRequest, responseSealing } from "./protection/policy.ts";
import { inGeneralForm, type ResponseProtection, type Sealing, unprotected } from "./protection/sealing.ts";
import { refusal, refusedAnswer } from "./refusals.ts";
import type { ResponderOptions } from "./responder-options.ts";
import { invokeOf, needNegotiated } from "./services/service.ts";
import { Serving } from "./services/serving.ts";
import { type ResultsOf, referencingOf, serviceWithTag } from "./services/table.ts";
import { anonymousInvoke } from "./services/variables.ts";
import { defaultMaxApdu, defaultTransferTimeout, type OutputSink, ServingPort } from "./serving-port.ts";
import { tapped } from "./tap.ts";
import { generalBlocks } from "./transfer/general/options.ts";
import { type GeneralRequest, ServerBlocks } from "./transfer/general/server.ts";
import type { RequestContext } from "./transfer/port.ts";
import type { Source } from "./transfer/source.ts";

type Challenges = { readonly cToS: Uint8Array; readonly sToC: Uint8Array };

/** An association. It is still being authenticated while it has challenges. */
interface Association {
  readonly initiated: Initiated;
  readonly port: ServingPort;
  readonly services: Serving;
  /** General block transfer; absent until it is used. */
  blocks?: ServerBlocks;
  challenges?: Challenges | undefined;
}

/**
 * The server's end of one association on one link address. Its inputs are APDUs and the time; its results are outputs. No APDU makes
 * it throw. A refused APDU is answered as the standard requires, and is reported by the output `refused`.
 */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #outputs: ResponderOutput[] = [];
  #open: Association | undefined;
  #sink: OutputSink | undefined;
  /** The tag of the last APDU: with short names an error names the service that it refers to. */
  #asked: number | undefined;
  #ids = 0;
  /** The time of the last call, ms. */
  #now = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** `pending`: the client must complete its authentication (pass 3). */
  get state(): "idle" | "pending" | "associated" {
    if (this.#open === undefined) return "idle";
    return this.#open.challenges === undefined ? "associated" : "pending";
  }

  /** The negotiated parameters, once the client is authenticated. */
  get association(): Negotiated | undefined {
    return this.state === "associated" ? this.#open?.initiated.negotiated : undefined;
  }

  /** When `expire` is next due, in ms on the caller's clock. */
  get deadline(): number | undefined {
    const services = this.#open?.services.deadline;
    const blocks = this.#open?.blocks?.deadline;
    return services === undefined || blocks === undefined ? (services ?? blocks) : Math.min(services, blocks);
  }

  /** Whether an answer waits for a stream that returned "later": call `resume` when the stream has more data. */
  get suspended(): boolean {
    return this.#open?.services.suspended === true || this.#open?.blocks?.suspended === true;
  }

  /** Whether an answer is being sent in general block transfer: an APDU that is sealed now would arrive before the answer is complete. */
  get answering(): boolean {
    return this.#open?.blocks?.sending === true;
  }

  /** Receives one APDU from the client. */
  receive(pdu: Uint8Array, now: number): void {
    this.expire(now);
    try {
      this.#receive(pdu, now);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#asked = pdu[0];
      this.#exception(caught);
    }
  }

  /**
   * The results of request `id`: one result for each item, in the order of the items. An id that does not wait for an answer (it was
   * answered, or its association has ended) is ignored. `least`: the minimum protection of the answer by the access rights of the
   * items. `dateTime`: that of an ACCESS response. Throws Fault `bad-results` for a wrong number of results, and the Faults of encoding them.
   *
   * A result may be a `StreamedData`. It is read while its APDUs are sent: here, when the client requests the next block, and in
   * `resume`. All blocks of an answer must describe the same moment; the stream must ensure this. If a stream ends with an error, its
   * item gets this error; if a part of it was already sent, the transfer ends (long-get-aborted).
   */
  respond(id: number, results: ResultsOf, now: number, least?: ResponseProtection, dateTime?: CosemDateTime): void {
    this.#now = now;
    this.#open?.services.respond(id, results, now, least, dateTime);
  }

  /** Continues the answers that wait for a stream. An answer whose stream returns "later" again continues to wait. */
  resume(now: number): void {
    this.#now = now;
    this.#open?.services.resume(now);
    this.#open?.blocks?.resume(now);
  }

  /** Ends the association: the link was lost, or the server ends it. */
  abort(_now: number): void {
    this.#close("aborted");
  }

  expire(now: number): void {
    this.#now = now;
    this.#open?.services.expire(now);
    this.#open?.blocks?.expire(now);
  }

  /** The next output, in order; undefined if there is none. */
  poll(): ResponderOutput | undefined {
    return this.#outputs.shift();
  }

  /** Sends an APDU that has no protection of its own. */
  #transmit(pdu: Uint8Array): void {
    const passed = tapped(this.#options.tap, "sent", pdu);
    if (passed !== undefined) this.#outputs.push({ type: "transmit", pdu: passed });
  }

  #exception(fault: Fault): void {
    this.#refuse(fault);
    this.#open?.blocks?.end();
    const context = this.#open?.initiated.negotiated.context ?? this.#options.offer?.context;
    this.#transmit(encodeApdu(refusedAnswer(fault, context === "short-name" ? this.#asked : undefined)));
  }

  #refuse(fault: Fault): void {
    this.#outputs.push({ type: "refused", fault });
  }

  #close(why: ReleaseReason): void {
    const told = this.state === "associated";
    this.#forget();
    if (told) this.#outputs.push({ type: "released", why });
  }

  #forget(): void {
    this.#open?.services.close();
    this.#open?.blocks?.end();
    this.#open = undefined;
  }

  #receive(pdu: Uint8Array, now: number): void {
    const tag = pdu[0];
    this.#establish();
    if (tag === ApduTag.aarq || tag === ApduTag.rlrq) {
      const passed = tapped(this.#options.tap, "received", pdu);
      if (passed === undefined) return;
      if (tag === ApduTag.aarq) this.#associate(passed);
      else this.#release(passed);
      return;
    }
    const open = this.#open;
    if (open === undefined) throw refusal("not-associated", "no association is open");
    const { channel, negotiated } = open.initiated;
    const most = negotiated.serverMaxReceivePduSize;
    const plain = this.#options.offer?.countedPduSize === "plain" && isCiphered(tag ?? 0);
    tooLong(pdu.length, most === 0 ? 0 : most + (plain ? mostCiphering : 0));
    if (tag === undefined)
      throw new Fault("truncated", "an APDU has at least one octet", { layer: "xdlms", offset: 0 });
    const request = this.#whole(open, pdu, now);
    if (request === undefined) return;
    const opened = channel.open(request.octets);
    // A compressed APDU may become longer when it is decompressed.
    if (request.octets === pdu && pdu.length > most) tooLong(opened.apdu.length, most);
    const apdu = tapped(this.#options.tap, "received", opened.apdu);
    if (apdu === undefined) return;
    try {
      this.#serve(open, { ...opened, apdu }, request.confirmed, now);
    } catch (caught) {
      if (!(caught instanceof Fault) || this.#isAnswered(open, apdu, opened.sealing)) throw caught;
      this.#refuse(caught);
    }
  }

  /** The request in a received APDU, or the request that its blocks make when all of them are received. */
  #whole(open: Association, pdu: Uint8Array, now: number): GeneralRequest | undefined {
    if (pdu[0] !== ApduTag["general-block-transfer"]) {
      open.blocks?.end();
      return { octets: pdu, confirmed: false };
    }
    if (open.challenges !== undefined) throw refusal("not-associated", "the client is not authenticated yet");
    needNegotiated(["general-block-transfer"], (name) => open.initiated.negotiated.conformance.includes(name));
    return this.#blocksOf(open).receive(pdu, now);
  }

  #blocksOf(open: Association): ServerBlocks {
    const { offer, limits } = this.#options;
    const { clientMaxReceivePduSize } = open.initiated.negotiated;
    open.blocks ??= new ServerBlocks({
      ...generalBlocks(offer?.generalBlocks),
      most: clientMaxReceivePduSize === 0 ? 0xffff : clientMaxReceivePduSize,
      cap: offer?.maxApdu ?? defaultMaxApdu,
      transferTimeout: limits?.transferTimeout ?? defaultTransferTimeout,
      transmit: (pdu) => this.#outputs.push({ type: "transmit", pdu }),
      refused: (fault) => this.#refuse(fault),
    });
    return open.blocks;
  }

  #send(message: Uint8Array | Source): void {
    if (this.#open !== undefined) this.#blocksOf(this.#open).send(message, this.#now);
  }

  /**
   * Whether an APDU gets an answer, even if it cannot be decoded. A client that reads, or has not completed its authentication, waits
   * for an answer: many such clients leave the service-class bit unset (0x81). For SET and ACTION without the bit, the offer decides.
   */
  #isAnswered(open: Association, apdu: Uint8Array, sealing: Sealing | undefined): boolean {
    const service = serviceWithTag(apdu[0]);
    if (service === undefined || !service.isUnconfirmed(apdu)) return true;
    // An APDU for all stations, or from a client that requests no response, is never answered.
    if (sealing?.broadcast === true || !open.initiated.negotiated.confirmed) return false;
    if (service.unconfirmedTag !== undefined) return false;
    return service.does === "read" || open.challenges !== undefined || this.#options.offer?.unconfirmed === "answered";
  }

  #opened(initiated: Initiated, offer: Offer): Association {
    this.#sink ??= new Responder.#Sink(this);
    const port = new ServingPort(initiated, offer, this.#options, this.#sink);
    return { initiated, port, services: new Serving(port) };
  }

  static readonly #Sink = class Sink implements OutputSink {
    readonly #responder: Responder;

    constructor(responder: Responder) {
      this.#responder = responder;
    }

    put(output: ResponderOutput): void {
      this.#responder.#outputs.push(output);
    }

    inBlocks(message: Uint8Array | Source): void {
      this.#responder.#send(message);
    }

    exception(fault: Fault): void {
      this.#responder.#exception(fault);
    }

    nextId(): number {
      return ++this.#responder.#ids;
    }
  };

  /** A pre-established association is opened when the client's first APDU is received: its keys are available then. */
  #establish(): void {
    const { offer, provider, random } = this.#options;
    if (offer?.preEstablished === undefined || this.#open !== undefined) return;
    const initiated = establish(offer, offer.preEstablished, { provider, random });
    this.#open = this.#opened(initiated, offer);
    this.#outputs.push({ type: "associated", association: initiated.negotiated });
  }

  #associate(pdu: Uint8Array): void {
    const { provider, random, busy } = this.#options;
    const offer = this.#options.offer?.preEstablished === undefined ? this.#options.offer : undefined;
    const answer = answerAarq(pdu, { offer, busy, provider, random });
    if (answer.fault !== undefined) this.#refuse(answer.fault);
    // A new AARQ closes the open association even if the AARQ is refused: there are never two associations at once.
    if (answer.malformed !== true && this.#open !== undefined && offer !== undefined) this.#close("reassociated");
    if (answer.aare !== undefined) this.#transmit(answer.aare);
    const { initiated, challenges } = answer;
    if (initiated === undefined || offer === undefined) return;
    this.#open = { ...this.#opened(initiated, offer), challenges };
    if (challenges === undefined) {
      this.#outputs.push({ type: "associated", association: initiated.negotiated });
    }
  }

  #serve(open: Association, { apdu: octets, seen, sealing, lowest }: Opened, general: boolean, now: number): void {
    const { offer } = this.#options as { offer: Offer };
    const policy = offer.ciphered ? offer.security?.policy : undefined;
    enforceRequest(policy, seen);
    const tag = octets[0] ?? 0;
    this.#asked = tag;
    const { context: referencing } = open.initiated.negotiated;
    if (tag === ApduTag["data-notification-confirm"] && open.challenges === undefined) {
      const { longInvokeId } = decodeApdu(octets) as DataNotificationConfirm;
      this.#outputs.push({ type: "confirmed", longInvokeId });
      return;
    }
    const service = serviceWithTag(tag);
    if (service === undefined || referencingOf(service) !== referencing) {
      throw refusal("service-not-supported", `an APDU with the tag 0x${tag.toString(16)} is not supported`);
    }
    const apdu = decodeApdu(octets) as ReturnType<typeof decodeApdu> & Parameters<typeof invokeOf>[0];
    const unconfirmed = service.isUnconfirmed(octets) ? "unconfirmed" : "confirmed";
    const responded = responseSealing(policy, sealing);
    const { invokeId, priority, serviceClass } =
      referencing === "short-name" ? anonymousInvoke(unconfirmed) : invokeOf(apdu);
    const context: RequestContext = {
      invokeId,
      priority,
      serviceClass,
      general,
      answered: this.#isAnswered(open, octets, sealing),
      seen,
      sealing: service.long === true ? inGeneralForm(responded) : responded,
    };
    if (sealing?.broadcast === true && context.serviceClass === "confirmed") {
      throw refusal("broadcast-key", "a confirmed request is protected with the broadcast key");
    }
    const pass3 = pass3Of(apdu, referencing, offer);
    if (pass3 !== undefined) {
      this.#pass3(open, pass3, { ...context, answered: sealing?.broadcast !== true }, lowest);
      return;
    }
    if (open.challenges !== undefined) throw refusal("not-associated", "the client is not authenticated yet");
    if (!open.initiated.negotiated.confirmed && context.serviceClass === "confirmed") {
      throw refusal("service-not-supported", "the association allows unconfirmed services only");
    }
    open.services.receive(service, apdu, context, now);
  }

  #pass3(open: Association, pass3: Pass3, context: RequestContext, lowest: number | undefined): void {
    const { offer, provider } = this.#options as { offer: Offer; provider: CryptoProvider };
    const { port, challenges } = open;
    const { negotiated } = open.initiated;
    if (challenges === undefined) {
      // No challenge is pending, or it was already answered: a challenge accepts one answer only.
      port.reply(pass3.failed("read-write-denied"), context);
      return;
    }
    try {
      const value = answerPass3(pass3.response, { offer, negotiated, provider, challenges, lowest });
      open.challenges = undefined;
      port.reply(encodeApdu(pass3.succeeded(value)), context);
      this.#outputs.push({ type: "associated", association: negotiated });
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#forget();
      this.#refuse(caught);
      port.reply(pass3.failed("other-reason"), context);
    }
  }

  #release(pdu: Uint8Array): void {
    const open = this.#open;
    // There is no association to release, and no client to answer.
    if (open === undefined || this.#options.offer?.preEstablished !== undefined) {
      this.#refuse(refusal("not-associated", "a release request without an open association"));
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
    this.#transmit(
      encodeApdu({ apdu: "rlre", reason: "normal", ...(userInformation === undefined ? {} : { userInformation }) }),
    );
  }

  /** A release must have the protection that the policy requires, and at least that with which the association was opened. */
  #enforceRelease({ seen }: Pick<Opened, "seen">, wasProtected: boolean): void {
    const { offer } = this.#options;
    if (offer?.ciphered !== true) return;
    enforceRequest(offer.security?.policy, seen);
    if (wasProtected && !seen.authenticated && !seen.encrypted && !seen.signed) {
      throw refusal("protection-too-weak", "the association is protected, but its release request is not");
    }
  }
}

/** Maximum number of octets that ciphering and signature add to an APDU, for any suite and key. */
const mostCiphering = 512;

function tooLong(length: number, most: number): void {
  if (most !== 0 && length > most)
    throw refusal("pdu-too-long", `the APDU has ${length} octets, the server accepts at most ${most}`);
}
