import type { Link, LinkAddress, LinkOutput, LinkSettings, SettingsOf, Unasked } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import {
  type AddressLike,
  allStation,
  type HdlcAddress,
  hdlcAddress,
  isBroadcast,
  isNoStation,
  linkAddress,
} from "./address.ts";
import type { Frame } from "./frame.ts";
import { unwrapLlc } from "./llc.ts";
import { ownParameters } from "./negotiation.ts";
import { Secondary, type SecondaryOptions } from "./secondary.ts";
import { FrameSplitter } from "./splitter.ts";

export interface StationOptions extends SecondaryOptions {
  /**
   * The server addresses that this station answers to, or a function that decides it. An address with `octets` is valid in that
   * width only. Without `octets`, an address with a lower part is valid in two and four octets, one without it in one octet.
   */
  readonly addresses: readonly AddressLike[] | ((address: HdlcAddress) => boolean);
  /** ms of silence after which an unfinished frame is dropped; 500 by default. */
  readonly interOctet?: number;
  /** The maximum number of open data links; a further SNRM is answered with DM. 16 by default. */
  readonly maxLinks?: number;
}

const usualLinks = 16;
const usualInterOctet = 500;

interface Declared {
  readonly upper: number;
  readonly lower: number | undefined;
  readonly octets: readonly number[];
}

function declared(like: AddressLike): Declared {
  const { upper, lower, octets } = hdlcAddress(like);
  return { upper, lower, octets: like.octets !== undefined ? [octets] : lower === undefined ? [1] : [2, 4] };
}

/**
 * The server's end of an HDLC line: finds the frames, silently drops frames to unknown addresses, and passes the others to
 * the `Secondary` of their pair of client and server address. UI frames to all stations are delivered with `broadcast`, once
 * for each matching declared address (if a function decides: once, with the addresses on the wire).
 */
export class Station implements Link {
  readonly #options: StationOptions;
  readonly #declared: readonly Declared[] | undefined;
  readonly #accepts: (address: HdlcAddress) => boolean;
  readonly #splitter: FrameSplitter;
  readonly #links = new Map<string, Secondary>();
  readonly #outputs = new OutputQueue<LinkOutput>();
  #settings: SettingsOf | undefined;
  /** SNRMs that wait because the options of their link are not known yet. */
  #waiting: Map<string, { readonly frame: Frame; readonly octets: Uint8Array }> | undefined;

  /** Faults `out-of-range`, `bad-address` for invalid options. */
  constructor(options: StationOptions) {
    this.#options = options;
    const { addresses } = options;
    if (typeof addresses === "function") {
      this.#accepts = addresses;
    } else {
      const all = addresses.map(declared);
      this.#declared = all;
      this.#accepts = ({ upper, lower, octets }) =>
        all.some((one) => one.upper === upper && one.lower === lower && one.octets.includes(octets));
    }
    ownParameters(options);
    this.#splitter = new FrameSplitter(options.interOctet ?? usualInterOctet);
  }

  follow(settings: SettingsOf): void {
    this.#settings = settings;
  }

  /** Processes the last waiting SNRM of that address. */
  settled(now: number, address: LinkAddress): void {
    const waiting = this.#waiting?.get(key(address));
    this.#waiting?.delete(key(address));
    if (waiting !== undefined) this.#take(waiting.frame, waiting.octets, now);
  }

  get deadline(): number | undefined {
    let earliest: number | undefined;
    for (const { deadline } of this.#links.values()) {
      if (deadline !== undefined && (earliest === undefined || deadline < earliest)) earliest = deadline;
    }
    return earliest;
  }

  /** The number of open data links. */
  get links(): number {
    return this.#links.size;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  receive(octets: Uint8Array, now: number): void {
    for (const split of this.#splitter.push(octets, now)) {
      if (split.frame === undefined) this.#drop(split.why, split.octets);
      else this.#take(split.frame, split.octets, now);
    }
  }

  /** Sends a PDU on the data link of `address`; the PDU is dropped when there is no such link. */
  send(pdu: Uint8Array, _now: number, address?: LinkAddress): void {
    const link = address === undefined ? this.#only() : this.#links.get(key(address));
    if (link === undefined) {
      this.#drop("not-connected", pdu);
      return;
    }
    link.send(pdu);
    this.#drain(link);
  }

  /** Sends unsolicited PDUs on the data link of `address` when its client polls; they are dropped when there is no such link. */
  notify(unasked: Unasked, _now: number, address?: LinkAddress): void {
    const link = address === undefined ? this.#only() : this.#links.get(key(address));
    if (link === undefined) return;
    link.notify(unasked);
    this.#drain(link);
  }

  /** The last message of `address` is not answered: RR gives the turn back to its client, unless the client already has it. */
  yield(_now: number, address?: LinkAddress): void {
    const link = address === undefined ? this.#only() : this.#links.get(key(address));
    if (link === undefined) return;
    link.yield();
    this.#drain(link);
  }

  /** Pushes a PDU in UI frames from the server of `address` to its client, with or without a data link. */
  sendUnnumbered(pdu: Uint8Array, address: LinkAddress): void {
    const here = hdlcAddress({
      upper: address.server,
      ...(address.physical === undefined ? {} : { lower: address.physical }),
    });
    const link = this.#links.get(key(address)) ?? this.#secondary(address, here, { upper: address.client, octets: 1 });
    link.sendUnnumbered(pdu);
    this.#drain(link);
  }

  expire(now: number): void {
    for (const link of this.#links.values()) {
      link.expire(now);
      this.#drain(link);
    }
  }

  /** Closes every data link. A server cannot inform its clients. */
  close(_now: number): void {
    for (const link of this.#links.values()) {
      link.close();
      this.#drain(link);
    }
    this.#splitter.reset();
  }

  #take(frame: Frame, octets: Uint8Array, now: number): void {
    const { destination, source } = frame;
    // 0 is no-station and 0x7F is all-station: neither is a valid source.
    if (source.octets !== 1 || source.upper === 0 || source.upper === 0x7f || isNoStation(destination)) {
      this.#drop("address", octets);
      return;
    }
    if (isBroadcast(destination)) {
      this.#broadcast(frame, octets);
      return;
    }
    const address = linkAddress(source.upper, destination);
    const open = this.#links.get(key(address));
    // An open data link continues even if its server gets another address for later links.
    if ((open === undefined || frame.frame === "snrm") && !this.#accepts(destination)) {
      this.#drop("address", octets, address);
      return;
    }
    if (open === undefined && frame.frame === "snrm" && this.#links.size >= (this.#options.maxLinks ?? usualLinks)) {
      this.#refuse(address, frame, octets, now);
      return;
    }
    const settings = frame.frame === "snrm" ? this.#settings?.(address) : undefined;
    if (settings === "later") {
      this.#wait(address, frame, octets);
      return;
    }
    const link = open ?? this.#secondary(address, destination, source);
    if (settings !== undefined) this.#configure(link, settings);
    link.receive(frame, octets, now);
    this.#drain(link);
  }

  /** Keeps an SNRM that must wait. At most as many clients wait as data links may be open. */
  #wait(address: LinkAddress, frame: Frame, octets: Uint8Array): void {
    const { maxLinks = usualLinks } = this.#options;
    this.#waiting ??= new Map();
    if (this.#waiting.size < maxLinks) this.#waiting.set(key(address), { frame, octets });
    else this.#drop("too-many-links", octets);
  }

  #configure(link: Secondary, { interOctet, ...settings }: LinkSettings): void {
    link.configure({ ...this.#options, ...settings });
    link.interOctet = interOctet;
    this.#links.set(key(link.address), link);
    this.#setInterOctet();
  }

  /** On a line with several servers, the longest inter-octet time applies. */
  #setInterOctet(): void {
    const told = [...this.#links.values()].flatMap(({ interOctet }) => (interOctet === undefined ? [] : [interOctet]));
    this.#splitter.interOctet = told.length === 0 ? (this.#options.interOctet ?? usualInterOctet) : Math.max(...told);
  }

  // The frame is handled like a DISC: a station without a link answers DM.
  #refuse(address: LinkAddress, frame: Frame, octets: Uint8Array, now: number): void {
    const link = this.#secondary(address, frame.destination, frame.source);
    const { destination, source, segmented, information, pollFinal } = frame;
    link.receive({ frame: "disc", destination, source, segmented, information, pollFinal }, octets, now);
    this.#drain(link);
    this.#drop("too-many-links", octets);
  }

  #broadcast(frame: Frame, octets: Uint8Array): void {
    const { destination, source } = frame;
    const pdu = frame.frame === "ui" && !frame.segmented ? unwrapLlc(frame.information, "command") : undefined;
    if (pdu === undefined) {
      this.#drop(frame.frame === "ui" ? "llc" : "address", octets);
      return;
    }
    const meant = this.#declared === undefined ? [destination] : this.#meant(destination, this.#declared);
    if (meant.length === 0) this.#drop("address", octets);
    for (const one of meant) {
      this.#outputs.push({ type: "received", pdu, address: linkAddress(source.upper, one), broadcast: true });
    }
  }

  /** The servers that a broadcast addresses. Each server is listed once, even if it is declared in several forms. */
  #meant(destination: HdlcAddress, servers: readonly Declared[]): Declared[] {
    const all = allStation(destination.octets);
    const matching = servers.filter(
      (one) =>
        (destination.upper === all || destination.upper === one.upper) &&
        (destination.lower === undefined || destination.lower === all || destination.lower === one.lower),
    );
    return matching.filter(
      (one, at) =>
        !matching.some(
          (other, place) =>
            other.upper === one.upper &&
            (one.lower === undefined ? other.lower !== undefined : other.lower === one.lower && place < at),
        ),
    );
  }

  #secondary(address: LinkAddress, here: HdlcAddress, there: HdlcAddress): Secondary {
    return new Secondary(address, here, there, this.#options);
  }

  /** Takes over the outputs of a link, and removes the link when it is closed. */
  #drain(link: Secondary): void {
    for (let output = link.poll(); output !== undefined; output = link.poll()) {
      this.#outputs.push(output);
      if (output.type === "transmit") this.#splitter.turned();
    }
    const name = key(link.address);
    if (link.mode === "disconnected") {
      this.#links.delete(name);
      if (link.interOctet !== undefined) this.#setInterOctet();
    } else this.#links.set(name, link);
  }

  #only(): Secondary | undefined {
    return this.#links.size === 1 ? this.#links.values().next().value : undefined;
  }

  #drop(why: string, octets: Uint8Array, address?: LinkAddress): void {
    this.#outputs.push({ type: "dropped", why, octets, ...(address === undefined ? {} : { address }) });
  }
}

function key({ client, server, physical }: LinkAddress): string {
  return `${client}/${server}/${physical ?? ""}`;
}
