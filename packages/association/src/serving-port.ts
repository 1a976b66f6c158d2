import type { ConformanceName } from "@dlmskit/apdu";
import type { Fault } from "@dlmskit/core";
import type { Initiated } from "./handshake/initiate.ts";
import type { Offer } from "./offer.ts";
import type { ResponderOutput } from "./outputs.ts";
import { plainRoom } from "./protection/room.ts";
import { refusal } from "./refusals.ts";
import type { ResponderOptions } from "./responder-options.ts";
import type { ServingOptions } from "./services/serving.ts";
import type { Incoming } from "./services/table.ts";
import { tapped } from "./tap.ts";
import { generalBlocks } from "./transfer/general/options.ts";
import type { RequestContext } from "./transfer/port.ts";
import type { Source } from "./transfer/source.ts";

export const defaultMaxApdu = 0x10000;
export const defaultTransferTimeout = 60_000;

/** The receiver of a responder's outputs. */
export interface OutputSink {
  put(output: ResponderOutput): void;
  /** Sends in general block transfer. */
  inBlocks(message: Uint8Array | Source): void;
  exception(fault: Fault): void;
  nextId(): number;
}

/**
 * The methods of one open association that its services use. It is an object with methods, because separate functions take 1 KiB more
 * each.
 */
export class ServingPort implements ServingOptions {
  readonly #initiated: Initiated;
  readonly #offer: Offer;
  readonly #options: ResponderOptions;
  readonly #sink: OutputSink;
  /** A function and not a method, because it is passed on alone. */
  readonly has: (name: ConformanceName) => boolean;

  constructor(initiated: Initiated, offer: Offer, options: ResponderOptions, sink: OutputSink) {
    this.#initiated = initiated;
    this.#offer = offer;
    this.#options = options;
    this.#sink = sink;
    const { conformance } = initiated.negotiated;
    this.has = (name) => conformance.includes(name);
  }

  get maxApdu(): number {
    return this.#offer.maxApdu ?? defaultMaxApdu;
  }

  get transferTimeout(): number {
    return this.#options.limits?.transferTimeout ?? defaultTransferTimeout;
  }

  get outstanding(): number {
    return this.#options.limits?.outstanding ?? 16;
  }

  get #hasGeneralBlocks(): boolean {
    return this.has("general-block-transfer");
  }

  nextId(): number {
    return this.#sink.nextId();
  }

  room({ sealing }: RequestContext): number {
    const { clientMaxReceivePduSize } = this.#initiated.negotiated;
    return plainRoom(clientMaxReceivePduSize, sealing, this.#options.offer?.security?.suite);
  }

  reach(context: RequestContext): number {
    const room = this.room(context);
    return this.#hasGeneralBlocks ? Math.max(room, this.#options.limits?.maxAnswer ?? 0x100000) : room;
  }

  inGeneralBlocks({ general: came }: RequestContext, inBlocks?: ConformanceName): boolean {
    if (came === true) return true;
    if (!this.#hasGeneralBlocks) return false;
    return generalBlocks(this.#offer.generalBlocks).preferred || inBlocks === undefined || !this.has(inBlocks);
  }

  sendsWhole({ sealing }: RequestContext): boolean {
    return sealing !== undefined || this.#options.tap !== undefined;
  }

  stream(source: Source): void {
    this.#sink.inBlocks(source);
  }

  reply(apdu: Uint8Array, context: RequestContext): void {
    const { sealing, answered, general } = context;
    if (!answered) return;
    const inBlocks = general === true || apdu.length > this.room(context);
    if (inBlocks && !this.#hasGeneralBlocks) {
      throw refusal("pdu-too-long", `the answer of ${apdu.length} octets is longer than the client's PDU size`);
    }
    const passed = tapped(this.#options.tap, "sent", apdu);
    if (passed === undefined) return;
    const pdu = this.#initiated.channel.seal(passed, sealing);
    if (inBlocks) this.#sink.inBlocks(pdu);
    else this.#sink.put({ type: "transmit", pdu });
  }

  request(incoming: Incoming): void {
    this.#sink.put({ type: "request", incoming });
  }

  refused(fault: Fault): void {
    this.#sink.put({ type: "refused", fault });
  }

  exception(fault: Fault): void {
    this.#sink.exception(fault);
  }
}
