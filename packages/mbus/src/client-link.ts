import { type ClientLink, Fault, inRange, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { encodeFrame, type MbusFrame } from "./frame.ts";
import { framesOf, MbusJoiner } from "./segment.ts";
import {
  accessDemand,
  anySlave,
  encodeShortFrame,
  frameCountBit,
  frameCountValid,
  fromMaster,
  functionOf,
  highestAddress,
  requestClass2,
  respondData,
  type StationFrame,
  StationSplitter,
  sendData,
  sendReset,
} from "./station-frame.ts";

export interface MbusClientOptions {
  /** The client's service access point, 0 to 255. */
  readonly client: number;
  /** The SAP of the logical device, 0 to 255. */
  readonly server: number;
  /** The primary address of the meter, 0 to 250; 254 for the only meter on the line. */
  readonly address: number;
  /** ms to wait for an answer before the frame is repeated; 2000 by default. */
  readonly timeout?: number;
  /** The maximum number of repetitions; 2 by default (EN 13757-2). */
  readonly retries?: number;
  /** ms between polls of a meter whose answer is not ready; 200 by default. */
  readonly pollInterval?: number;
  /** The maximum time of polling for an answer, in ms; 30 000 by default. */
  readonly pollFor?: number;
  /** ms after which an idle meter is polled for unsolicited PDUs. Never by default. */
  readonly pollIdle?: number;
  /** The maximum value of the L field of sent frames, 6 to 255; 250 by default. */
  readonly longest?: number;
  /** The maximum length of a received PDU, in octets; 65 535 by default. */
  readonly maxPdu?: number;
  /** ms of silence after which an unfinished frame is dropped; 500 by default. */
  readonly interOctet?: number;
}

type Mode = "disconnected" | "connecting" | "connected" | "disconnecting";
/** The frame that the meter must answer. */
type Asked = "reset" | "data" | "poll";

/**
 * The client's end of an M-Bus line: the master of one meter (EN 13757-2, IEC 62056-7-3). A PDU is sent in SND_UD frames, each of which the
 * meter acknowledges; its answer is fetched with REQ_UD2. A frame without an answer is repeated, with the same FCB, at most `retries`
 * times. SND_NKE begins and ends the link. Frames of masters, such as the echo of a level converter, are dropped. When the link fails,
 * `disconnected` has the Fault `no-answer`.
 */
export class MbusClientLink implements ClientLink {
  readonly address: LinkAddress;
  readonly #slave: number;
  readonly #timing: Required<Pick<MbusClientOptions, "timeout" | "retries" | "pollInterval" | "pollFor">>;
  readonly #pollIdle: number | undefined;
  readonly #longest: number | undefined;
  readonly #splitter: StationSplitter;
  readonly #joiner: MbusJoiner;
  readonly #outputs = new OutputQueue<LinkOutput>();
  /** The frames of PDUs that the meter has not acknowledged. */
  readonly #waiting: MbusFrame[] = [];
  #mode: Mode = "disconnected";
  #asked: Asked | undefined;
  /** The FCB of the next SND_UD and of the next REQ_UD2: a master keeps one for each. */
  #dataCount = true;
  #pollCount = true;
  /** A poll with this FCB was sent, and is not known to be answered. */
  #polled = false;
  /** The last poll was answered with the single character. */
  #hadNoData = false;
  #attempts = 0;
  #deadline: number | undefined;
  /** Octets that are no frame have arrived since the last frame was sent: a single character may be a part of a damaged frame. */
  #noisy = false;
  /** The last received frame of this run of polls: a line may deliver it twice. */
  #lastAnswer: string | undefined;
  /** The meter has more than it has sent (ACD). */
  #hasMore = false;
  /** The time at which polling for an answer stops; undefined when no answer is expected. */
  #expectUntil: number | undefined;

  /** Fault `out-of-range` for invalid addresses. */
  constructor(options: MbusClientOptions) {
    const { timeout = 2000, retries = 2, pollInterval = 200, pollFor = 30_000, pollIdle, longest } = options;
    this.#slave = options.address === anySlave ? anySlave : inRange(options.address, 0, highestAddress);
    this.address = {
      client: inRange(options.client, 0, 0xff),
      server: inRange(options.server, 0, 0xff),
      physical: this.#slave,
      line: "mbus",
    };
    this.#timing = { timeout, retries, pollInterval, pollFor };
    this.#pollIdle = pollIdle;
    this.#longest = longest;
    this.#splitter = new StationSplitter("client", options.interOctet ?? 500);
    this.#joiner = new MbusJoiner(options.maxPdu);
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  /** Sends SND_NKE; `connected` or `disconnected` follows. Does nothing when the link is not disconnected. */
  connect(now: number): void {
    if (this.#mode !== "disconnected") return;
    this.#reset("connecting");
    this.#splitter.reset();
    this.#ask("reset", now);
  }

  /** Sends a PDU in one or more frames and polls for the answer. The PDU is dropped while not connected. */
  send(pdu: Uint8Array, now: number): void {
    if (this.#mode !== "connected" && this.#mode !== "connecting") {
      this.#drop("not-connected", pdu);
      return;
    }
    const { client: sourceSap, server: destinationSap } = this.address;
    const longest = this.#longest === undefined ? {} : { longest: this.#longest };
    this.#waiting.push(...framesOf(pdu, { sourceSap, destinationSap, address: this.#slave, ...longest }));
    this.#expectUntil = now + this.#timing.pollFor;
    if (this.#mode === "connected" && this.#asked === undefined) this.#proceed(now);
  }

  yield(): void {
    this.#expectUntil = undefined;
  }

  /** Sends SND_NKE, so that the meter ends its associations; `disconnected` follows. */
  close(now: number): void {
    if (this.#mode === "connecting") this.#disconnect("closed");
    if (this.#mode !== "connected") return;
    this.#reset("disconnecting");
    this.#ask("reset", now);
  }

  receive(octets: Uint8Array, now: number): void {
    for (const found of this.#splitter.push(octets, now)) {
      if (found.frame !== undefined) this.#take(found.frame, found.octets, now);
      else {
        this.#noisy = true;
        this.#drop(found.fault?.code ?? "noise", found.octets);
      }
    }
  }

  expire(now: number): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#deadline = undefined;
    if (this.#asked === undefined) {
      this.#ask("poll", now);
      return;
    }
    if (this.#attempts < this.#timing.retries) {
      this.#attempts++;
      this.#transmit(this.#asked, now);
      return;
    }
    if (this.#mode === "disconnecting") this.#disconnect("closed");
    else this.#disconnect("no-answer", noAnswer(`no answer to ${this.#attempts + 1} attempts`));
  }

  #take(frame: StationFrame, octets: Uint8Array, now: number): void {
    if (frame.frame === "acknowledgement") {
      if (this.#noisy || this.#asked === undefined) this.#drop(this.#noisy ? "noise" : "unexpected", octets);
      else this.#acknowledged(this.#asked, now);
      return;
    }
    if ((frame.control & fromMaster) !== 0) {
      this.#drop("echo", octets);
      return;
    }
    if (this.#slave !== anySlave && frame.address !== this.#slave) {
      this.#drop("address", octets);
      return;
    }
    const answers = frame.frame === "long" && functionOf(frame.control) === respondData;
    // An acknowledgement that arrives twice looks like the answer to a poll: the right answer then arrives when none is expected.
    if (!answers || this.#mode !== "connected") this.#drop("unexpected", octets);
    else this.#answered(frame, octets, now);
  }

  #acknowledged(asked: Asked, now: number): void {
    this.#attempts = 0;
    if (asked === "reset") {
      if (this.#mode === "disconnecting") {
        this.#disconnect("closed");
        return;
      }
      this.#mode = "connected";
      this.#outputs.push({ type: "connected", address: this.address });
    } else if (asked === "data") {
      this.#waiting.shift();
      this.#dataCount = !this.#dataCount;
      this.#lastAnswer = undefined;
    } else {
      // The first one may be the acknowledgement of an earlier frame that arrived twice: the meter must not take the poll for answered.
      if (this.#hadNoData) this.#countPoll();
      this.#hadNoData = !this.#hadNoData;
      this.#hasMore = false;
      this.#notReady(now);
      return;
    }
    this.#proceed(now);
  }

  #answered(frame: MbusFrame, octets: Uint8Array, now: number): void {
    const same = octets.join();
    if (same === this.#lastAnswer && !this.#mayBeNew()) {
      this.#drop("repeated", octets);
      return;
    }
    this.#lastAnswer = same;
    this.#hadNoData = false;
    this.#countPoll();
    this.#hasMore = (frame.control & accessDemand) !== 0;
    const { held } = this.#joiner;
    const joined = this.#joiner.push(frame);
    if (joined.type === "dropped") this.#drop(joined.fault.code, octets);
    const isLonger = joined.type === "held" && this.#joiner.held > held;
    if (isLonger && this.#expectUntil !== undefined) this.#expectUntil = now + this.#timing.pollFor;
    if (joined.type === "received") {
      const { pdu, sourceSap, destinationSap } = joined;
      const { client, server } = this.address;
      if (sourceSap !== server || destinationSap !== client) this.#drop("address", octets);
      else {
        if (this.#waiting.length === 0) this.#expectUntil = undefined;
        this.#outputs.push({ type: "received", pdu, address: this.address });
      }
    }
    if (this.#asked === "data") return;
    if (this.#expectUntil !== undefined && now >= this.#expectUntil)
      this.#disconnect("no-answer", this.#polledInVain());
    else this.#proceed(now);
  }

  /**
   * Whether a frame with the octets of the last one may be another: two equal PDUs follow each other, such as pushes of the same values.
   * The meter then answers the poll with it again when the poll is repeated, and a line that delivers twice does so at once.
   */
  #mayBeNew(): boolean {
    return this.#asked === "poll" && this.#attempts > 0 && this.#joiner.held === 0;
  }

  /** The last poll was answered: the next one has the other FCB. */
  #countPoll(): void {
    if (this.#polled) this.#pollCount = !this.#pollCount;
    this.#polled = false;
  }

  /** Sends the next frame of a PDU, fetches the rest of an answer, or rests. */
  #proceed(now: number): void {
    this.#asked = undefined;
    this.#deadline = undefined;
    if (this.#waiting.length > 0) this.#ask("data", now);
    else if (this.#expectUntil !== undefined || this.#joiner.held > 0 || this.#hasMore) this.#ask("poll", now);
    else this.#rest(now);
  }

  /** The meter has no data yet: it is polled again later. */
  #notReady(now: number): void {
    this.#asked = undefined;
    if (this.#waiting.length > 0) this.#ask("data", now);
    else if (this.#expectUntil === undefined) this.#rest(now);
    else if (now < this.#expectUntil) this.#deadline = now + this.#timing.pollInterval;
    else this.#disconnect("no-answer", this.#polledInVain());
  }

  #polledInVain(): Fault {
    return noAnswer(`no answer within ${this.#timing.pollFor} ms of polling`);
  }

  #rest(now: number): void {
    this.#asked = undefined;
    this.#deadline = this.#pollIdle === undefined ? undefined : now + this.#pollIdle;
  }

  #ask(what: Asked, now: number): void {
    this.#asked = what;
    this.#attempts = 0;
    this.#transmit(what, now);
  }

  #transmit(what: Asked, now: number): void {
    this.#noisy = false;
    if (what === "poll") this.#polled = true;
    this.#deadline = now + this.#timing.timeout;
    this.#outputs.push({ type: "transmit", octets: this.#octetsOf(what) });
  }

  #octetsOf(what: Asked): Uint8Array {
    if (what === "reset") return encodeShortFrame(fromMaster | sendReset, this.#slave);
    const counted = (name: number, count: boolean): number =>
      fromMaster | frameCountValid | (count ? frameCountBit : 0) | name;
    if (what === "poll") return encodeShortFrame(counted(requestClass2, this.#pollCount), this.#slave);
    return encodeFrame({ ...(this.#waiting[0] as MbusFrame), control: counted(sendData, this.#dataCount) });
  }

  #reset(mode: Mode): void {
    this.#mode = mode;
    this.#waiting.length = 0;
    this.#joiner.clear();
    this.#dataCount = true;
    this.#pollCount = true;
    this.#polled = false;
    this.#hadNoData = false;
    this.#asked = undefined;
    this.#deadline = undefined;
    this.#lastAnswer = undefined;
    this.#hasMore = false;
    this.#expectUntil = undefined;
  }

  #disconnect(why: "closed" | "no-answer", fault?: Fault): void {
    this.#reset("disconnected");
    this.#outputs.push({
      type: "disconnected",
      why,
      address: this.address,
      ...(fault === undefined ? {} : { fault }),
    });
  }

  #drop(why: string, octets: Uint8Array): void {
    this.#outputs.push({ type: "dropped", why, octets });
  }
}

const noAnswer = (message: string): Fault =>
  new Fault("no-answer", message, {
    layer: "mbus",
    hint: "check the primary address of the meter, and the line with its speed and parity",
  });
