import { Assembler } from "../assembler.ts";
import type { CaptureRecord } from "../record.ts";
import { isFramed, shapeOf } from "../shape.ts";
import { type Packet, packetsOf } from "./packet-file.ts";
import { type Payload, payloadOf } from "./protocols.ts";

/** The port of DLMS/COSEM and other ports that are often used for it. */
const usualPorts = new Set([4059, 4060, 4061, 4062, 7758, 9753, 28000]);

/** One direction of a connection: puts octets in the order of their sequence numbers and joins them to complete frames. */
class Flow {
  readonly assembler = new Assembler();
  readonly records: CaptureRecord[] = [];
  readonly ports: readonly number[];
  #next: number | undefined;
  #waiting: { readonly sequence: number; readonly record: CaptureRecord }[] = [];

  constructor(ports: readonly number[]) {
    this.ports = ports;
  }

  /** Adds a record. Gives the records that are now in order. */
  add(record: CaptureRecord, sequence: number | undefined): CaptureRecord[] {
    if (sequence === undefined) return [record];
    this.#next ??= sequence;
    this.#waiting.push({ sequence, record });
    const ready: CaptureRecord[] = [];
    for (let found = this.#take(); found !== undefined; found = this.#take()) {
      if (found.octets.length > 0) ready.push(found);
    }
    // Missing octets must not delay the other records forever.
    return this.#waiting.length > 64 ? [...ready, ...this.flush()] : ready;
  }

  /** The records that wait for octets that are not in the capture. */
  flush(): CaptureRecord[] {
    const left = this.#waiting.sort((one, other) => one.sequence - other.sequence);
    this.#waiting = [];
    this.#next = undefined;
    return left.map(({ record }) => ({ ...record, guesses: ["the capture lacks octets before this one"] }));
  }

  #take(): CaptureRecord | undefined {
    const next = this.#next as number;
    const at = this.#waiting.findIndex(({ sequence }) => ((sequence - next) | 0) <= 0);
    if (at < 0) return undefined;
    const [{ sequence, record }] = this.#waiting.splice(at, 1) as [{ sequence: number; record: CaptureRecord }];
    // A retransmission: only its new octets are used.
    const octets = record.octets.subarray((next - sequence) | 0);
    this.#next = (next + octets.length) >>> 0;
    return { ...record, octets };
  }
}

const isoTime = (seconds: number): string => {
  const days = Math.floor(seconds / 86_400);
  const ofDay = seconds - days * 86_400;
  // Converts a day number since 1970-01-01 to a calendar date.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1;
  const year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0);
  const two = (number: number): string => String(Math.floor(number)).padStart(2, "0");
  const clock = `${two(ofDay / 3600)}:${two((ofDay / 60) % 60)}:${(ofDay % 60).toFixed(6).padStart(9, "0")}`;
  return `${year}-${two(month >= 10 ? month - 9 : month + 3)}-${two(day)}T${clock}Z`;
};

function recordOf({ seconds }: Packet, payload: Payload, notation: string): CaptureRecord {
  const { from, to, octets } = payload;
  return {
    octets,
    notation,
    guesses: [],
    ...(seconds === undefined ? {} : { time: isoTime(seconds) }),
    ...(from === undefined ? {} : { flow: `${from} > ${to}`, stream: [from, to].sort().join(" ") }),
  };
}

/** Whether the records of a connection are DLMS/COSEM, according to its port or because most of them are frames or APDUs. */
function belongs(records: readonly CaptureRecord[], ports: readonly number[]): boolean {
  if (ports.some((port) => usualPorts.has(port))) return true;
  const fitting = records.filter(
    ({ octets }) => (isFramed(octets) || octets.length > 4) && shapeOf(octets) === "whole",
  );
  return fitting.length * 2 > records.length;
}

/**
 * The records of a packet capture (pcap, pcapng) in the order of their ends. TCP streams are reassembled in order, without
 * retransmissions, and joined to complete frames. Undefined for octets that are not such a file.
 */
export function readPackets(file: Uint8Array): CaptureRecord[] | undefined {
  const packets = packetsOf(file);
  if (packets === undefined) return undefined;
  const flows = new Map<string, Flow>();
  const all: { readonly stream: string; readonly record: CaptureRecord }[] = [];
  const put = (stream: string, flow: Flow, records: readonly CaptureRecord[]): void => {
    for (const record of records) {
      for (const whole of flow.assembler.push(record)) all.push({ stream, record: whole });
    }
  };
  for (const packet of packets.packets) {
    const payload = payloadOf(packet.octets, packet.linkType);
    if (payload === undefined || (payload.octets.length === 0 && payload.begins !== true)) continue;
    const record = recordOf(packet, payload, packets.format);
    const key = record.flow ?? "";
    const flow = flows.get(key) ?? new Flow(payload.ports);
    flows.set(key, flow);
    if (payload.begins === true) put(record.stream ?? "", flow, flow.flush());
    if (record.octets.length > 0) put(record.stream ?? "", flow, flow.add(record, payload.sequence));
  }
  const ports = new Map<string, readonly number[]>();
  for (const [key, flow] of flows) {
    const stream = key === "" ? "" : key.split(" > ").sort().join(" ");
    put(stream, flow, flow.flush());
    for (const record of flow.assembler.end()) all.push({ stream, record });
    ports.set(stream, flow.ports);
  }
  const byStream = new Map<string, CaptureRecord[]>();
  for (const { stream, record } of all) {
    const records = byStream.get(stream) ?? [];
    byStream.set(stream, records);
    records.push(record);
  }
  const kept = new Set(
    [...byStream].filter(([stream, records]) => belongs(records, ports.get(stream) ?? [])).map(([stream]) => stream),
  );
  const others = [...byStream.keys()].filter((stream) => !kept.has(stream));
  const records = all.filter(({ stream }) => kept.has(stream)).map(({ record }) => record);
  const [first, ...more] = records;
  if (first === undefined || others.length === 0) return records;
  const some = others.slice(0, 4).join(", ");
  const left = `${others.length} connection${others.length === 1 ? "" : "s"} of other protocols left out (${some}${others.length > 4 ? ", …" : ""})`;
  return [{ ...first, guesses: [...first.guesses, left] }, ...more];
}
