import { type ClientLink, Fault, inRange, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { type AddressLike, type HdlcAddress, hdlcAddress, linkAddress, sameStation } from "./address.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { decodeNegotiation, type Negotiation } from "./negotiation.ts";
import { FrameSplitter } from "./splitter.ts";

/** A meter that answered. */
export interface FoundMeter {
  readonly address: HdlcAddress;
  /**
   * `ua`: the meter opens a link; `dm`, `frmr`: the meter is present and refuses this client; `unreadable`: octets arrived that are
   * not a frame, for example because several meters with the same address answered together.
   */
  readonly answer: "ua" | "dm" | "frmr" | "unreadable";
  /** The parameters that the meter proposes in UA, if they can be read. */
  readonly parameters?: Negotiation;
}

export interface AddressSearchOptions {
  /** The client's service access point, 1 to 126; 16 by default. */
  readonly client?: number;
  /** The addresses to try, in this order; `candidateAddresses` gives the usual ones. */
  readonly candidates: Iterable<AddressLike>;
  /** ms to wait for the answer of each address; 300 by default. At 9600 baud a frame and its answer take 50 ms. */
  readonly timeout?: number;
  /** The number of SNRM frames that are sent to each address at most; 1 by default. */
  readonly tries?: number;
  /** Called for each meter as soon as it is found. */
  readonly found?: (meter: FoundMeter) => void;
  /** Called before each address is tried. */
  readonly asking?: (address: HdlcAddress) => void;
}

export interface CandidateOptions {
  /** Upper addresses (logical devices) to try; 1, the management logical device, by default. */
  readonly upper?: Iterable<number>;
  /** Lower addresses (physical devices) to try; 1 to 125 and 256 to 383 by default. */
  readonly lower?: Iterable<number>;
}

function* usualLower(): Generator<number> {
  for (let lower = 1; lower < 0x7e; lower++) yield lower;
  for (let lower = 256; lower < 384; lower++) yield lower;
}

/** Addresses of one octet, then addresses of two and four octets for each lower part. A lower part up to 125 is tried in both widths. */
export function* candidateAddresses({ upper = [1], lower }: CandidateOptions = {}): Generator<HdlcAddress> {
  const uppers = [...upper];
  for (const one of uppers) if (one <= 0x7f) yield hdlcAddress({ upper: one, octets: 1 });
  for (const physical of lower ?? usualLower()) {
    for (const one of uppers) {
      if (one <= 0x7f && physical < 0x7e) yield hdlcAddress({ upper: one, lower: physical, octets: 2 });
      yield hdlcAddress({ upper: one, lower: physical, octets: 4 });
    }
  }
}

type State = "disconnected" | "asking" | "leaving";

/**
 * Finds the meters on a line: sends SNRM to each candidate address, waits for an answer, and sends DISC to a meter that opened a
 * link. `connect` starts the search. At the end `received` is given, and `result` has the meters. A meter that answers in several
 * address widths is found once, in the first width.
 */
export class AddressSearch implements ClientLink {
  readonly address: LinkAddress;
  readonly #options: AddressSearchOptions;
  readonly #here: HdlcAddress;
  readonly #timeout: number;
  readonly #splitter = new FrameSplitter(500);
  readonly #outputs = new OutputQueue<LinkOutput>();
  #candidates: Iterator<AddressLike> = [][Symbol.iterator]();
  #state: State = "disconnected";
  #there: HdlcAddress | undefined;
  #asked = 0;
  #noise = false;
  #found: FoundMeter[] = [];
  #result: readonly FoundMeter[] | undefined;
  #deadline: number | undefined;

  /** Fault `out-of-range` for an invalid client. */
  constructor(options: AddressSearchOptions) {
    this.#options = options;
    const { client = 16 } = options;
    this.#here = hdlcAddress({ upper: inRange(client, 1, 0x7e), octets: 1 });
    this.#timeout = options.timeout ?? 300;
    this.address = linkAddress(client, { upper: 0 });
  }

  /** The meters, in the order in which they were found; undefined before the search is over. */
  get result(): readonly FoundMeter[] | undefined {
    return this.#result;
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  connect(now: number): void {
    if (this.#state !== "disconnected") return;
    this.#found = [];
    this.#result = undefined;
    this.#candidates = this.#options.candidates[Symbol.iterator]();
    this.#next(now);
  }

  receive(octets: Uint8Array, now: number): void {
    for (const split of this.#splitter.push(octets, now)) {
      if (split.frame !== undefined) {
        this.#take(split.frame, now);
      } else {
        this.#noise ||= split.octets.length > 1;
        this.#outputs.push({ type: "dropped", why: split.why, octets: split.octets });
      }
    }
  }

  /** Does nothing: no PDU is sent in a search. */
  send(): void {}

  expire(now: number): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    if (this.#state === "leaving") {
      this.#next(now);
      return;
    }
    this.#noise ||= this.#splitter.held > 1;
    this.#splitter.reset();
    const tries = this.#options.tries ?? 1;
    if (this.#asked < tries) {
      this.#ask(now);
      return;
    }
    const there = this.#there as HdlcAddress;
    if (this.#noise) this.#note({ address: there, answer: "unreadable" });
    this.#next(now);
  }

  close(): void {
    if (this.#state !== "disconnected") this.#end();
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  #next(now: number): void {
    for (;;) {
      const next = this.#candidates.next();
      if (next.done === true) {
        this.#result = this.#found;
        this.#outputs.push({ type: "received", pdu: new Uint8Array(0), address: this.address });
        this.#end();
        return;
      }
      const there = hdlcAddress(next.value);
      if (this.#knows(there)) continue;
      this.#there = there;
      this.#asked = 0;
      this.#noise = false;
      this.#state = "asking";
      this.#ask(now);
      return;
    }
  }

  #ask(now: number): void {
    const there = this.#there as HdlcAddress;
    if (this.#asked++ === 0) this.#options.asking?.(there);
    this.#transmit("snrm", there);
    this.#deadline = now + this.#timeout;
  }

  #knows(address: HdlcAddress): boolean {
    return this.#found.some((one) => sameStation(one.address, address));
  }

  #take({ frame, source, destination, information }: Frame, now: number): void {
    // The echo of a sent frame has this end as its source.
    if (!sameStation(destination, this.#here) || this.#there === undefined) return;
    const isAsked = sameStation(source, this.#there);
    if (this.#state === "leaving") {
      if (isAsked && (frame === "ua" || frame === "dm")) this.#next(now);
      return;
    }
    if (frame !== "ua" && frame !== "dm" && frame !== "frmr") return;
    // A late answer belongs to an address that was tried before.
    const parameters = frame === "ua" ? readable(information) : undefined;
    this.#note({ address: source, answer: frame, ...(parameters === undefined ? {} : { parameters }) });
    if (frame === "ua") this.#transmit("disc", source);
    if (!isAsked) return;
    if (frame !== "ua") {
      this.#next(now);
      return;
    }
    this.#state = "leaving";
    this.#deadline = now + this.#timeout;
  }

  #note(meter: FoundMeter): void {
    const at = this.#found.findIndex((one) => sameStation(one.address, meter.address));
    if (at >= 0) {
      if (this.#found[at]?.answer !== "unreadable") return;
      this.#found.splice(at, 1);
    }
    this.#found.push(meter);
    this.#options.found?.(meter);
  }

  #transmit(frame: "snrm" | "disc", destination: HdlcAddress): void {
    const source = this.#here;
    const information = new Uint8Array(0);
    const octets = encodeFrame({ frame, pollFinal: true, destination, source, segmented: false, information });
    this.#splitter.turned();
    this.#outputs.push({ type: "transmit", octets });
  }

  #end(): void {
    this.#state = "disconnected";
    this.#deadline = undefined;
    this.#outputs.push({ type: "disconnected", why: "closed", address: this.address });
  }
}

function readable(information: Uint8Array): Negotiation | undefined {
  try {
    return decodeNegotiation(information);
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}
