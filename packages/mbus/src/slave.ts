import type { LinkAddress, LinkOutput, Unasked } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { encodeFrame, type MbusFrame } from "./frame.ts";
import { framesOf, MbusJoiner } from "./segment.ts";
import {
  accessDemand,
  acknowledgement,
  frameCountValid,
  functionOf,
  requestClass1,
  requestClass2,
  respondData,
  type StationFrame,
  sendData,
  sendReset,
} from "./station-frame.ts";

export interface SlaveOptions {
  readonly inactivity: number;
  readonly longest?: number;
  readonly maxPdu?: number;
}

/** The maximum number of pairs of a client and a logical device at one address. */
const mostPairs = 64;
/** Octets that may wait for the master's polls. Above it, further requests are not acknowledged. */
const mostQueued = 0x20000;

/** Unsolicited PDUs that wait for a poll. */
interface Waiting {
  readonly unasked: Unasked;
  readonly address: LinkAddress;
}

/** The meter at one primary address of a line. */
export class Slave {
  readonly #address: number;
  readonly #options: SlaveOptions;
  readonly #joiner: MbusJoiner;
  readonly outputs = new OutputQueue<LinkOutput>();
  /** The clients that have sent a PDU, with their logical devices. */
  readonly #pairs = new Map<string, LinkAddress>();
  #queue: MbusFrame[] = [];
  #queued = 0;
  #unasked: Waiting[] = [];
  /** The C field of the last frame with a valid FCB: a frame that follows it with the same one is a repetition. */
  #lastControl: number | undefined;
  #lastAnswer: Uint8Array | undefined;
  #lastFrame = 0;

  constructor(address: number, options: SlaveOptions) {
    this.#address = address;
    this.#options = options;
    this.#joiner = new MbusJoiner(options.maxPdu);
  }

  get deadline(): number | undefined {
    const { inactivity } = this.#options;
    return this.#pairs.size === 0 || inactivity === 0 ? undefined : this.#lastFrame + inactivity;
  }

  /** Processes a frame of the master. */
  receive(frame: StationFrame, octets: Uint8Array, now: number): void {
    if (frame.frame === "acknowledgement") return;
    this.#lastFrame = now;
    const { control } = frame;
    const name = functionOf(control);
    const isRepeated = (control & frameCountValid) !== 0 && control === this.#lastControl;
    if (frame.frame === "short" && name === sendReset) {
      this.#reset("disc");
      this.#answer(undefined);
      return;
    }
    if (frame.frame === "short" && (name === requestClass1 || name === requestClass2)) {
      // What the master has not received is sent again. Where that was "no data", there may be data now.
      if (isRepeated && this.#lastAnswer !== undefined) this.#transmit(this.#lastAnswer);
      else this.#answer(this.#next());
      this.#lastControl = control;
      return;
    }
    if (frame.frame !== "long" || name !== sendData) {
      this.#drop("function", octets);
      return;
    }
    if (isRepeated) {
      this.#answer(undefined);
      return;
    }
    if (this.#queued > mostQueued) {
      this.#drop("not-polled", octets);
      return;
    }
    this.#data(frame, octets);
  }

  #data(frame: MbusFrame, octets: Uint8Array): void {
    const joined = this.#joiner.push(frame);
    if (joined.type === "dropped" && joined.fault.code === "not-dlms") {
      this.#drop("not-dlms", octets);
      return;
    }
    this.#lastControl = frame.control;
    this.#answer(undefined);
    if (joined.type === "dropped") this.#drop(joined.fault.code, octets);
    if (joined.type !== "received") return;
    const { pdu, sourceSap: client, destinationSap: server } = joined;
    const address = { client, server, physical: this.#address, line: "mbus" as const };
    const key = `${client} ${server}`;
    this.#pairs.delete(key);
    this.#pairs.set(key, address);
    if (this.#pairs.size > mostPairs) this.#endOldest();
    this.outputs.push({ type: "received", pdu, address });
  }

  #endOldest(): void {
    const [oldest] = this.#pairs;
    if (oldest === undefined) return;
    const [key, address] = oldest;
    this.#pairs.delete(key);
    this.outputs.push({ type: "disconnected", why: "timeout", address });
  }

  /** Queues a PDU for the polls of the master. */
  send(pdu: Uint8Array, { client, server }: LinkAddress): void {
    const { longest } = this.#options;
    const push = { sourceSap: server, destinationSap: client, address: this.#address, control: respondData };
    for (const frame of framesOf(pdu, { ...push, ...(longest === undefined ? {} : { longest }) })) {
      this.#queue.push(frame);
      this.#queued += frame.userData.length;
    }
  }

  notify(unasked: Unasked, address: LinkAddress): void {
    if (this.#pairs.has(`${address.client} ${address.server}`)) this.#unasked.push({ unasked, address });
  }

  /** The next frame for the master. Unsolicited PDUs are made when everything before them has left. */
  #next(): MbusFrame | undefined {
    while (this.#queue.length === 0) {
      const waiting = this.#unasked.shift();
      if (waiting === undefined) return undefined;
      for (const pdu of waiting.unasked.pdus()) this.send(pdu, waiting.address);
      waiting.unasked.left();
    }
    const frame = this.#queue.shift();
    this.#queued -= frame?.userData.length ?? 0;
    return frame;
  }

  /** Answers with a frame; without one, with the single character. */
  #answer(frame: MbusFrame | undefined): void {
    if (frame === undefined) {
      this.#lastAnswer = undefined;
      this.#transmit(Uint8Array.of(acknowledgement));
      return;
    }
    const hasMore = this.#queue.length > 0 || this.#unasked.length > 0;
    this.#lastAnswer = encodeFrame(hasMore ? { ...frame, control: frame.control | accessDemand } : frame);
    this.#transmit(this.#lastAnswer);
  }

  /** SND_NKE to all slaves: it is not answered. */
  reset(): void {
    this.#reset("disc");
  }

  expire(now: number): void {
    const { deadline } = this;
    if (deadline !== undefined && now >= deadline) this.#reset("timeout");
  }

  /** Ends the associations of all clients of this meter. */
  #reset(why: "disc" | "timeout"): void {
    for (const address of this.#pairs.values()) this.outputs.push({ type: "disconnected", why, address });
    this.#pairs.clear();
    this.#queue = [];
    this.#queued = 0;
    this.#unasked = [];
    this.#joiner.clear();
    this.#lastControl = undefined;
  }

  #transmit(octets: Uint8Array): void {
    this.outputs.push({ type: "transmit", octets });
  }

  #drop(why: string, octets: Uint8Array): void {
    this.outputs.push({ type: "dropped", why, octets });
  }
}
