import { type Apdu, type ApduLike, ApduTag, decodeApdu, encodeApdu, type Invoke } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { AnswerWait } from "./answer-wait.ts";
import { clientRequest, currentOf, expectInTime, expectNoAnswer } from "./client-request.ts";
import { confirmationOf } from "./confirmation.ts";
import { pass3, verifyPass4 } from "./handshake/hls-initiator.ts";
import { type Accepted, InitiatorHandshake } from "./handshake/initiator.ts";
import { isNeverProtected } from "./handshake/names.ts";
import { type InitiatorBlocks, initiatorBlocks, isGeneralBlock } from "./initiator-blocks.ts";
import { checkOptions, type InitiatorOptions, type KeyChange } from "./initiator-options.ts";
import { dropped, type InitiatorState, type RequestOptions, wrongState } from "./initiator-state.ts";
import { InvokeIds } from "./invoke-ids.ts";
import type { Negotiated } from "./offer.ts";
import { type InitiatorOutput, responseOf } from "./outputs.ts";
import type { Opened } from "./protection/channel.ts";
import { continued } from "./protection/request-protection.ts";
import type { Sealing } from "./protection/sealing.ts";
import { errorFault } from "./refusals.ts";
import { type Current, type Done, doneOf, isOvertaking, type Queued, RequestQueue } from "./request-queue.ts";
import { type Asked, checkResponse, hlsService, isResponseTo, unexpectedApdu } from "./response-checks.ts";
import { decodeResponse } from "./services/get.ts";
import { isNotification, type ServiceRequest } from "./services/table.ts";
import { belongs, type Expected, expectedOf, isAnswer, isForgeable, spoiltBy } from "./spoilt.ts";
import { tapped } from "./tap.ts";

/**
 * The client's end of one association. Its inputs are requests, APDUs and the time; its results are outputs. It sends one APDU at a
 * time; the other requests wait in a queue, those of high priority first.
 */
export class Initiator {
  readonly #options: InitiatorOptions;
  readonly #outputs: InitiatorOutput[] = [];
  readonly #queue = new RequestQueue();
  readonly #invokeIds = new InvokeIds();
  readonly #wait: AnswerWait;
  #state: InitiatorState = "idle";
  #handshake: InitiatorHandshake | undefined;
  #accepted: Accepted | undefined;
  #invoke: Invoke | undefined;
  #current: Current | undefined;
  /** The last APDU of a request. */
  #asked: Asked = {};
  /** General block transfer, if it was negotiated. */
  #blocks: InitiatorBlocks | undefined;

  /** Fault `missing-parameter` for invalid options. */
  constructor(options: InitiatorOptions) {
    this.#options = checkOptions(options);
    this.#wait = new AnswerWait(options.timeout);
  }

  get state(): InitiatorState {
    return this.#state;
  }

  /** The negotiated parameters while the association is open. */
  get association(): Negotiated | undefined {
    return this.#state === "associated" || this.#state === "releasing" ? this.#accepted?.negotiated : undefined;
  }

  /** When `expire` must be called next, in ms on the caller's clock. */
  get deadline(): number | undefined {
    return this.#wait.deadline;
  }

  /** Sends the AARQ. Faults `wrong-state`, and those of keys, titles, randomness and counters. */
  open(now: number): void {
    if (this.#state !== "idle" && this.#state !== "closed") throw wrongState("open", this.#state);
    this.#handshake = new InitiatorHandshake(this.#options);
    this.#accepted = undefined;
    if (this.#options.preEstablished !== undefined) {
      this.#accepted = this.#handshake.preEstablished();
      this.#associated();
      return;
    }
    const pdu = tapped(this.#options.tap, "sent", this.#handshake.aarq());
    this.#state = "opening";
    this.#transmit(pdu, now);
  }

  /** Requests a service. The id is in the output `response` or `failed`. Fault `wrong-state` unless the association is open. */
  request(request: ServiceRequest, options: RequestOptions, now: number): number {
    if (this.#state !== "associated") throw wrongState("request", this.#state);
    const end = now + (options.within ?? this.#options.limits?.transferTimeout ?? 600_000);
    const id = this.#queue.add(request, options, end);
    this.#next(now);
    return id;
  }

  /** Sends the RLRQ. Requests without an answer fail. Fault `wrong-state` unless the association is open. */
  release(now: number): void {
    const handshake = this.#handshake;
    if (this.#state !== "associated" || handshake === undefined) throw wrongState("release", this.#state);
    // A pre-established association needs no release.
    const established = this.#options.preEstablished !== undefined;
    const pdu = established ? undefined : tapped(this.#options.tap, "sent", handshake.rlrq());
    this.#failAll(new Fault("released", "the association was released", { layer: "association" }));
    this.#state = established ? "closed" : "releasing";
    if (established) this.#outputs.push({ type: "released" });
    else this.#transmit(pdu, now);
  }

  /**
   * Uses new keys from now on, as the server does after key_transfer. Faults `wrong-state` (no ciphered association is open),
   * `bad-key-length`.
   */
  changeKeys(change: KeyChange): void {
    const handshake = this.#handshake;
    const accepted = this.#accepted;
    if (this.#state !== "associated" || handshake === undefined || accepted === undefined) {
      throw wrongState("change keys", this.#state);
    }
    handshake.rekey(change, accepted.channel);
  }

  /** The link was lost: all waiting requests fail. */
  abort(fault: Fault = new Fault("link-lost", "the link was lost", { layer: "association" })): void {
    if (this.#state !== "idle" && this.#state !== "closed") this.#close(fault);
  }

  expire(now: number): void {
    const fault = this.#wait.expired(now);
    if (fault === undefined) return;
    if (fault.code === "timeout" && !this.#wait.ended(now) && this.#blocks?.repeat() === true) this.#wait.again(now);
    else this.#spoilt(fault, now);
  }

  /** The next output, in order; undefined if there is none. */
  poll(): InitiatorOutput | undefined {
    return this.#outputs.shift();
  }

  /** Receives one APDU from the server. */
  receive(pdu: Uint8Array, now: number): void {
    this.expire(now);
    if (isGeneralBlock(pdu) && this.#blocks !== undefined) {
      this.#guarded(pdu, now, () => {
        const whole = this.#blocks?.receive(pdu, this.#current !== undefined, now);
        if (whole !== undefined) this.#guarded(whole, now, () => this.#receive(whole, now));
      });
    } else this.#guarded(pdu, now, () => this.#receive(pdu, now));
  }

  /** Processes a received APDU. A Fault of the answer ends its request; any other Fault does not change the request. */
  #guarded(pdu: Uint8Array, now: number, step: () => void): void {
    try {
      step();
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      if (!this.#waiting || !isAnswer(pdu, this.#expected, caught)) this.#drop(caught);
      else if (isForgeable(caught)) this.#drop(caught, spoiltBy(caught, pdu));
      else this.#spoilt(spoiltBy(caught, pdu), now);
    }
  }

  /** The expected response, if any. */
  get #expected(): Expected | undefined {
    const pass4 = this.#state === "authenticating" && this.#invoke !== undefined;
    const expected = pass4
      ? { service: hlsService(this.#options.context), invoke: this.#invoke as Invoke }
      : this.#current;
    return expected && expectedOf(expected, this.#asked.sealing);
  }

  get #waiting(): boolean {
    return this.#state === "associated"
      ? this.#current !== undefined
      : this.#state !== "idle" && this.#state !== "closed";
  }

  /** The answer is unusable and the server will not repeat it: the client does not wait for another answer. */
  #spoilt(fault: Fault, now: number): void {
    if (this.#state === "associated") {
      this.#fail(fault);
      this.#next(now);
    } else this.#close(fault);
  }

  #drop(fault: Fault, spoilt?: Fault): void {
    this.#wait.dropped(fault, spoilt);
    this.#outputs.push({ type: "dropped", fault });
  }

  /** Sends an APDU that is already protected or needs no protection. */
  #transmit(pdu: Uint8Array | undefined, now: number, end?: number): void {
    this.#wait.start(now, end);
    if (pdu !== undefined) this.#outputs.push({ type: "transmit", pdu });
  }

  #receive(pdu: Uint8Array, now: number): void {
    if (isNeverProtected(pdu[0])) {
      const passed = tapped(this.#options.tap, "received", pdu);
      if (passed !== undefined) this.#receivePlain(passed, now);
      return;
    }
    const accepted = this.#accepted;
    if (pdu.length === 0 || accepted === undefined || !belongs(pdu[0], this.#options)) {
      throw unexpectedApdu(pdu, this.#state, this.#options);
    }
    const opened = accepted.channel.open(pdu);
    const octets = tapped(this.#options.tap, "received", opened.apdu);
    if (octets === undefined) return;
    if (isNotification(octets[0])) {
      const apdu = decodeApdu(octets);
      this.#outputs.push({ type: "notification", apdu, protection: opened.seen });
      const confirmation = confirmationOf(apdu, this.#options, accepted.channel, this.#handshake?.sealing);
      if (confirmation !== undefined) this.#outputs.push({ type: "transmit", pdu: confirmation });
      return;
    }
    checkResponse(opened, this.#asked, this.#options.quirks);
    const apdu = decodeResponse(octets);
    if (this.#state === "authenticating") {
      this.#attempt(() => this.#pass4(octets[0], apdu, opened));
      return;
    }
    this.#response(octets[0], apdu, now);
  }

  #receivePlain(pdu: Uint8Array, now: number): void {
    const tag = pdu[0];
    if (tag === ApduTag.aare && this.#state === "opening") this.#attempt(() => this.#aare(pdu, now));
    else if (tag === ApduTag.rlre && this.#state === "releasing") {
      // The server has released the association even if the RLRE is malformed: some servers truncate its user-information.
      this.#state = "closed";
      this.#wait.stop();
      this.#outputs.push({ type: "released" });
    } else if (tag === ApduTag.aare || tag === ApduTag.rlre) throw unexpectedApdu(pdu, this.#state, this.#options);
    else this.#error(pdu, now);
  }

  /** A Fault while the association is being opened ends the attempt. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#close(caught);
    }
  }

  #aare(pdu: Uint8Array, now: number): void {
    const handshake = this.#handshake as InitiatorHandshake;
    const accepted = handshake.accept(pdu);
    this.#accepted = accepted;
    const { challenges, negotiated } = accepted;
    if (challenges === undefined) {
      this.#associated();
      return;
    }
    this.#invoke = this.#invokeIds.next({}, negotiated.conformance);
    const apdu = pass3(this.#options, challenges, negotiated.serverSystemTitle, this.#invoke);
    this.#state = "authenticating";
    this.#send(apdu, handshake.globalSealing, now);
  }

  #pass4(tag: number | undefined, apdu: Apdu, { lowest }: Opened): void {
    if (!isResponseTo(hlsService(this.#options.context), tag, apdu, this.#invoke)) {
      this.#drop(dropped("unexpected-apdu", `received ${apdu.apdu} instead of the server's answer to the challenge`));
      return;
    }
    const { challenges, negotiated } = this.#accepted as Required<Accepted>;
    verifyPass4(apdu, this.#options, challenges, negotiated.serverSystemTitle, lowest);
    this.#associated();
  }

  #associated(): void {
    this.#state = "associated";
    this.#wait.stop();
    const { negotiated } = this.#accepted as Accepted;
    this.#queue.overtakes = isOvertaking(negotiated);
    this.#blocks = initiatorBlocks(this.#options, negotiated, {
      transmit: (pdu) => this.#outputs.push({ type: "transmit", pdu }),
      goesOn: (now) => this.#wait.again(now),
      spoilt: (fault, now) => this.#spoilt(fault, now),
      dropped: (fault) => this.#drop(fault),
    });
    this.#outputs.push({ type: "associated", association: negotiated });
  }

  #send(apdu: ApduLike, sealing: Sealing | undefined, now: number, end?: number, confirmed = true): void {
    const { channel, negotiated } = this.#accepted as Accepted;
    const passed = tapped(this.#options.tap, "sent", encodeApdu(apdu));
    const pdu = passed === undefined ? undefined : channel.seal(passed, sealing);
    this.#asked = { sealing, transactionId: channel.sealedTransactionId };
    const most = negotiated.serverMaxReceivePduSize;
    if (pdu === undefined || most === 0 || pdu.length <= most) {
      this.#transmit(pdu, now, end);
      return;
    }
    if (this.#blocks === undefined) {
      throw dropped("pdu-too-long", `the APDU has ${pdu.length} octets, the server accepts at most ${most}`);
    }
    this.#blocks.send(pdu, confirmed);
    this.#transmit(undefined, now, end);
  }

  /** Sends the next request of the queue if no request waits for its response. */
  #next(now: number): void {
    while (this.#current === undefined && this.#state === "associated") {
      const next = this.#queue.take();
      if (next === undefined) return;
      try {
        if ("exchange" in next) {
          // A transfer that was overtaken goes on.
          expectInTime(next, now);
          this.#send(next.next, next.sealing, now, next.end);
          this.#current = next;
        } else this.#begin(next, now);
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
        this.#current = undefined;
        this.#outputs.push({ type: "failed", id: next.id, fault: caught });
      }
    }
  }

  #begin(queued: Queued, now: number): void {
    expectInTime(queued, now);
    const { service, invoke, sealing, exchange } = clientRequest(queued, {
      initiator: this.#options,
      accepted: this.#accepted as Accepted,
      handshake: this.#handshake,
      invokeIds: this.#invokeIds,
      blocks: this.#blocks,
      usedInvokeId: this.#queue.pausedInvokeId,
    });
    const first = exchange.first();
    if (invoke.serviceClass === "unconfirmed") {
      expectNoAnswer(service);
      this.#send(first, sealing, now, undefined, false);
      this.#wait.stop();
      this.#outputs.push({ type: "response", id: queued.id, service: queued.request.service, results: [] });
      return;
    }
    this.#send(first, sealing, now, queued.end);
    this.#current = currentOf(queued, { service, invoke, exchange, sealing: continued(sealing) });
  }

  #response(tag: number | undefined, apdu: Apdu, now: number): void {
    const current = this.#current;
    if (current === undefined || !isResponseTo(current.service, tag, apdu, current.invoke)) {
      // Not thrown: the octets of a ciphered late answer look like the answer that is expected.
      this.#drop(dropped("unexpected-apdu", `received ${apdu.apdu}, but no request waits for it`));
      return;
    }
    let done: Done | undefined;
    try {
      const step = current.exchange.receive(apdu);
      if ("done" in step) done = doneOf(current, step);
      else if (this.#queue.pause(current, step.send)) this.#over();
      else this.#send(step.send, current.sealing, now, current.end);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#fail(caught);
    }
    if (done !== undefined) {
      this.#over();
      if (!this.#queue.repeats(current, done)) this.#outputs.push(responseOf(current.id, done));
    }
    this.#next(now);
  }

  /** An exception-response or confirmedServiceError has no invoke id. It belongs to the request that waits for its response. */
  #error(pdu: Uint8Array, now: number): void {
    const apdu = decodeApdu(pdu);
    const fault = errorFault(apdu as Parameters<typeof errorFault>[0]);
    // While the association is being opened or released, the error ends it.
    if (this.#waiting) this.#spoilt(fault, now);
    else this.#drop(fault);
  }

  /** Ends the current request. */
  #over(): void {
    this.#current = undefined;
    this.#blocks?.end();
    this.#wait.stop();
  }

  /** The current request failed; the association stays open. */
  #fail(fault: Fault): void {
    const current = this.#current;
    this.#over();
    if (current !== undefined) this.#outputs.push({ type: "failed", id: current.id, fault });
  }

  #failAll(fault: Fault): void {
    this.#fail(fault);
    for (const { id } of this.#queue.takeAll()) this.#outputs.push({ type: "failed", id, fault });
  }

  #close(fault: Fault): void {
    const opening = this.#state === "opening" || this.#state === "authenticating";
    this.#state = "closed";
    this.#wait.stop();
    this.#failAll(fault);
    if (opening) this.#outputs.push({ type: "failed", fault });
    this.#outputs.push({ type: "closed", fault });
  }
}
