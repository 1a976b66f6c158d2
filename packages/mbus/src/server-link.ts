import type { Link, LinkAddress, LinkOutput, Unasked } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { MbusJoiner } from "./segment.ts";
import { Slave } from "./slave.ts";
import {
  allSlaves,
  anySlave,
  fromMaster,
  functionOf,
  highestAddress,
  type StationFrame,
  StationSplitter,
  sendData,
  sendReset,
} from "./station-frame.ts";

export interface MbusServerOptions {
  /** The primary addresses of the meters on this line, 0 to 250, or a function that says which ones are. */
  readonly addresses: readonly number[] | ((address: number) => boolean);
  /** ms without a frame from the client after which the associations of a meter end; 120 000 by default, 0 for never. */
  readonly inactivity?: number;
  /** The maximum value of the L field of sent frames, 6 to 255; 250 by default. */
  readonly longest?: number;
  /** The maximum length of a received PDU, in octets; 65 535 by default. */
  readonly maxPdu?: number;
  /** ms of silence after which an unfinished frame is dropped; 500 by default. */
  readonly interOctet?: number;
}

/**
 * The meters on an M-Bus line: slaves, each with a primary address, for any client and logical device (EN 13757-2, IEC 62056-7-3). A slave
 * sends only when it is polled: its answers wait for REQ_UD2 (or REQ_UD1), unsolicited PDUs too. SND_NKE ends the associations of the
 * meter, or of all. PDUs to all slaves (255) are never answered; 254 reaches the only meter of a line. Secondary addresses are not supported.
 */
export class MbusServerLink implements Link {
  readonly #accepts: (address: number) => boolean;
  readonly #options: MbusServerOptions;
  readonly #splitter: StationSplitter;
  readonly #slaves = new Map<number, Slave>();
  readonly #broadcasts: MbusJoiner;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #last: LinkAddress | undefined;

  constructor(options: MbusServerOptions) {
    const { addresses } = options;
    this.#options = options;
    this.#accepts = typeof addresses === "function" ? addresses : (address) => addresses.includes(address);
    this.#splitter = new StationSplitter("server", options.interOctet ?? 500);
    this.#broadcasts = new MbusJoiner(options.maxPdu);
  }

  get deadline(): number | undefined {
    let earliest: number | undefined;
    for (const { deadline } of this.#slaves.values()) {
      if (deadline !== undefined && (earliest === undefined || deadline < earliest)) earliest = deadline;
    }
    return earliest;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  receive(octets: Uint8Array, now: number): void {
    for (const found of this.#splitter.push(octets, now)) {
      if (found.frame === undefined) this.#drop(found.fault?.code ?? "noise", found.octets);
      else this.#take(found.frame, found.octets, now);
    }
  }

  #take(frame: StationFrame, octets: Uint8Array, now: number): void {
    // On a bus the answers of other slaves are heard too.
    if (frame.frame === "acknowledgement" || (frame.control & fromMaster) === 0) {
      this.#drop("echo", octets);
      return;
    }
    if (frame.address === allSlaves) {
      this.#broadcast(frame, octets);
      return;
    }
    const address = frame.address === anySlave ? this.#only() : frame.address;
    if (address === undefined || address > highestAddress || !this.#accepts(address)) {
      this.#drop("address", octets);
      return;
    }
    const slave = this.#slaves.get(address) ?? new Slave(address, { ...this.#options, inactivity: this.#inactivity });
    this.#slaves.set(address, slave);
    slave.receive(frame, octets, now);
    this.#drain(slave);
  }

  get #inactivity(): number {
    return this.#options.inactivity ?? 120_000;
  }

  #only(): number | undefined {
    const [only, other] = this.#all();
    return other === undefined ? only : undefined;
  }

  #all(): number[] {
    return Array.from({ length: highestAddress + 1 }, (_, address) => address).filter((one) => this.#accepts(one));
  }

  #broadcast(frame: StationFrame, octets: Uint8Array): void {
    if (frame.frame === "short" && functionOf(frame.control) === sendReset) {
      this.#broadcasts.clear();
      for (const slave of this.#slaves.values()) {
        slave.reset();
        this.#drain(slave);
      }
      return;
    }
    if (frame.frame !== "long" || functionOf(frame.control) !== sendData) {
      this.#drop("function", octets);
      return;
    }
    const joined = this.#broadcasts.push(frame);
    if (joined.type === "dropped") this.#drop(joined.fault.code, octets);
    if (joined.type !== "received") return;
    const { pdu, sourceSap: client, destinationSap: server } = joined;
    for (const physical of this.#all()) {
      const address = { client, server, physical, line: "mbus" as const };
      this.#outputs.push({ type: "received", pdu, address, broadcast: true });
    }
  }

  /** Keeps a PDU until the client polls the meter of `address`; without `address`, that of the last received PDU. */
  send(pdu: Uint8Array, _now: number, address: LinkAddress | undefined = this.#last): void {
    const slave = this.#slaves.get(address?.physical ?? allSlaves);
    if (address === undefined || slave === undefined) {
      this.#drop("not-connected", pdu);
      return;
    }
    slave.send(pdu, address);
  }

  /** Keeps unsolicited PDUs until the client polls the meter; they are dropped when that client has sent nothing yet. */
  notify(unasked: Unasked, _now: number, address: LinkAddress | undefined = this.#last): void {
    if (address !== undefined) this.#slaves.get(address.physical ?? allSlaves)?.notify(unasked, address);
  }

  expire(now: number): void {
    for (const slave of this.#slaves.values()) {
      slave.expire(now);
      this.#drain(slave);
    }
  }

  close(_now: number): void {
    this.#slaves.clear();
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }

  #drain(slave: Slave): void {
    for (let output = slave.outputs.shift(); output !== undefined; output = slave.outputs.shift()) {
      if (output.type === "received") this.#last = output.address;
      this.#outputs.push(output);
    }
  }

  #drop(why: string, octets: Uint8Array): void {
    this.#outputs.push({ type: "dropped", why, octets });
  }
}
