import { type ClientLink, Fault, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { baudRateCharacter, baudRateOf, lineTime, modeOf, type ReadoutMode } from "./baud-rates.ts";
import { ETX, NAK, STX } from "./control-characters.ts";
import { decodeDataMessage } from "./data-block.ts";
import type { DataSet } from "./data-set.ts";
import { encodeOptionSelect, type Identification } from "./sign-on.ts";
import { SignOnClient, type SignOnOptions } from "./sign-on-client.ts";

export interface ReadoutClientOptions extends SignOnOptions {
  /** The maximum length of a data message, in octets; 262,144 by default. */
  readonly maxMessage?: number;
}

/** The identification and the data sets that a meter sends in a readout. */
export interface Readout {
  readonly identification: Identification;
  /** A, B or C according to the identification; D for a telegram that the meter sent without a request. */
  readonly mode: ReadoutMode | "D";
  readonly dataSets: readonly DataSet[];
}

type State = "disconnected" | "requested" | "data";

const layer = "iec62056-21";
/** The maximum time before and within a data message, in ms: 1500 (clause 6.3.14.1), plus a margin for slow adapters. */
const dataTime = 2000;
/** The address of a readout, which has no client or server address. */
export const nowhere: LinkAddress = { client: 0, server: 0 };

/**
 * The client's end of the readout in protocol modes A, B and C (IEC 62056-21, clause 6.4): request, identification, option select
 * message (mode C), change of the baud rate (modes B and C), data message. A damaged data message is requested again with NAK.
 * `connect` starts the readout; `received` has the octets of the data message, and `result` has its decoded content. If the
 * readout fails, `disconnected` has Fault `no-answer`, `bad-message`, `bcc-mismatch` or `bad-data-set`.
 */
export class ReadoutClient implements ClientLink {
  readonly address = nowhere;
  readonly #outputs = new OutputQueue<LinkOutput>();
  readonly #signOn: SignOnClient;
  readonly #retries: number;
  readonly #maxMessage: number;
  #state: State = "disconnected";
  #identification: Identification | undefined;
  #result: Readout | undefined;
  #message: number[] = [];
  #repeated = 0;
  #deadline: number | undefined;
  #fault: Fault | undefined;

  constructor(options: ReadoutClientOptions = {}) {
    this.#signOn = new SignOnClient(options, this.#outputs);
    this.#retries = options.retries ?? 2;
    this.#maxMessage = options.maxMessage ?? 262_144;
  }

  /** The last readout; undefined before `received`. */
  get result(): Readout | undefined {
    return this.#result;
  }

  get deadline(): number | undefined {
    return this.#state === "requested" ? this.#signOn.deadline : this.#deadline;
  }

  connect(now: number): void {
    if (this.#state !== "disconnected") return;
    this.#state = "requested";
    this.#repeated = 0;
    this.#fault = undefined;
    this.#result = undefined;
    this.#signOn.begin(now);
  }

  receive(octets: Uint8Array, now: number): void {
    for (const octet of this.#signOn.plain(octets)) {
      if (this.#state === "requested") {
        const identification = this.#signOn.take(octet, now);
        if (identification !== undefined) this.#identified(identification, now);
      } else if (this.#state === "data") {
        this.#take(octet, now);
      }
    }
  }

  /** Does nothing: no PDU is sent in a readout. */
  send(): void {}

  expire(now: number): void {
    const { deadline } = this;
    if (deadline === undefined || now < deadline) return;
    if (this.#state === "data") {
      this.#again(now);
      return;
    }
    const fault = this.#signOn.again(now);
    if (fault !== undefined) this.#end("no-answer", fault);
  }

  close(): void {
    if (this.#state !== "disconnected") this.#end("closed");
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  #identified(identification: Identification, now: number): void {
    this.#identification = identification;
    this.#state = "data";
    this.#message = [];
    const { baudRate } = identification;
    let took = 0;
    if (modeOf(baudRate) === "C") {
      const rate = Math.min(baudRateOf(baudRate), this.#signOn.highest);
      const octets = encodeOptionSelect({ protocol: 0, baudRate: baudRateCharacter(rate), mode: 0 });
      this.#signOn.transmit(octets);
      took = lineTime(octets.length, this.#signOn.initial);
      this.#signOn.changeTo(rate);
    } else {
      this.#signOn.changeTo(modeOf(baudRate) === "A" ? this.#signOn.initial : baudRateOf(baudRate));
    }
    this.#deadline = now + took + dataTime;
  }

  #take(octet: number, now: number): void {
    const message = this.#message;
    // Noise or an echo may precede STX. It gives the meter no more time.
    if (message.length === 0 && octet !== STX) return;
    this.#deadline = now + dataTime;
    message.push(octet);
    if (message.length > this.#maxMessage) {
      const text = `the data message has more than ${this.#maxMessage} octets`;
      this.#end("refused", new Fault("bad-message", text, { layer, hint: "raise maxMessage if the message is real" }));
    } else if (message.at(-2) === ETX) {
      this.#whole(Uint8Array.from(message), now);
    }
  }

  #whole(octets: Uint8Array, now: number): void {
    const identification = this.#identification as Identification;
    try {
      this.#result = { identification, mode: modeOf(identification.baudRate), dataSets: decodeDataMessage(octets) };
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#fault = caught;
      this.#again(now);
      return;
    }
    this.#outputs.push({ type: "received", pdu: octets, address: nowhere });
    this.#end("closed");
  }

  /** Requests the data message again when it was damaged or incomplete. */
  #again(now: number): void {
    this.#message = [];
    if (this.#repeated++ < this.#retries) {
      this.#signOn.transmit(Uint8Array.of(NAK));
      this.#deadline = now + dataTime;
      return;
    }
    const message = "the meter identified itself, but its data message did not come or has no end";
    const hint = "check the highest baud rate of the optical head, and that the port has 8N1";
    this.#end("no-answer", this.#fault ?? new Fault("no-answer", message, { layer, hint }));
  }

  #end(why: "refused" | "no-answer" | "closed", fault?: Fault): void {
    this.#state = "disconnected";
    this.#deadline = undefined;
    this.#signOn.changeTo(this.#signOn.initial);
    this.#outputs.push({ type: "disconnected", why, address: nowhere, ...(fault === undefined ? {} : { fault }) });
  }
}
