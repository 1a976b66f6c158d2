import { type CaptureRecord, Explainer, type Item, readCapture } from "@dlmskit/capture";
import { Fault } from "@dlmskit/core";
import { instantOfText, type KeysFile, parseRecord, type RecordedSession, recordingTap } from "@dlmskit/simulator";
import { SeenApdus } from "./seen-apdu.ts";
import { wayOf } from "./way-of.ts";

/** The first octets of pcap and pcapng files, in hex. */
const starts = ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a"];

export const isPacketFile = (octets: Uint8Array): boolean =>
  starts.includes(Buffer.from(octets.subarray(0, 4)).toString("hex"));

/** The first octet of an LLC header; its third octet is 0, which is no length of a network id behind a gateway. */
const llc = 0xe6;

interface End {
  /** The service access point: the wPort, or the upper HDLC address. */
  readonly sap: number;
  /** The lower HDLC address, of the physical device. */
  readonly physical: number | undefined;
}

interface Ends {
  readonly source: End;
  readonly destination: End;
}

function endOf(address: unknown): End | undefined {
  const { upper, lower } =
    typeof address === "object" && address !== null
      ? (address as { upper?: unknown; lower?: unknown })
      : { upper: address };
  if (typeof upper !== "number") return undefined;
  return { sap: upper, physical: typeof lower === "number" ? lower : undefined };
}

/** The two ends of a frame or wrapper PDU. */
function endsOf({ json }: Item): Ends | undefined {
  const [source, destination] = [endOf(json?.source), endOf(json?.destination)];
  return source && destination && { source, destination };
}

const endText = ({ sap, physical }: End): string => (physical === undefined ? String(sap) : `${sap}/${physical}`);

/**
 * The octets of the APDU in a frame or wrapper PDU: the last part of a wrapper PDU, the longest one of a frame, without LLC header. Those of a
 * segmented APDU are joined.
 */
function pduOf({ json, node }: Item): Uint8Array | undefined {
  if (json?.pdu === undefined) return undefined;
  const parts = node?.children ?? [];
  const [longest] = [...parts].sort((one, other) => other.octets.length - one.octets.length);
  const octets = (json.layer === "wrapper" ? parts.at(-1) : longest)?.octets;
  return octets?.[0] === llc && octets[2] === 0 ? octets.subarray(3) : octets;
}

const isAarq = (pdu: Uint8Array): boolean => pdu[0] === 0x60;

/** An association that is under way. */
interface Associated {
  readonly client: number;
  readonly device: number;
  /** The meter, by the address of its end and the physical device there. */
  readonly meter: string | undefined;
  /** The flow of its AARQ. */
  readonly flow: string | undefined;
  way: "received" | "sent";
}

/** The association that an AARQ asks for. */
function associatedBy({ flow }: CaptureRecord, { source, destination }: Ends): Associated {
  const host = flow?.split(" > ")[1];
  const { sap: device, physical } = destination;
  const meter = physical === undefined ? host : `${host ?? ""}/${physical}`;
  return { client: source.sap, device, meter, flow, way: "received" };
}

/** Which way an APDU goes, from the meter's end. Both ends can have the same number. */
function wayIn(known: Associated, { flow }: CaptureRecord, { source, destination }: Ends, pdu: Uint8Array) {
  if (flow !== undefined) return flow === known.flow ? "received" : "sent";
  if (source.sap !== destination.sap) return source.sap === known.client ? "received" : "sent";
  return wayOf(pdu) ?? (known.way === "received" ? "sent" : "received");
}

/**
 * The sessions of a packet capture (pcap, pcapng): of each association from its AARQ on. A meter has the address and port of its end for a
 * name, with the lower HDLC address if there is one. With keys, ciphered APDUs are deciphered. Fault `bad-record` if the capture has no AARQ.
 */
export function capturedRecord(octets: Uint8Array, keys: KeysFile | undefined): readonly RecordedSession[] {
  let text = "";
  let time = 0;
  let meter: string | undefined;
  /** By session. */
  const meters = new Map<number, string | undefined>();
  const tap = recordingTap({
    now: () => time,
    limit: Number.POSITIVE_INFINITY,
    write: (line) => {
      text += line;
      const [, session] = /^\{"session":(\d+)/.exec(line) ?? [];
      if (session !== undefined) meters.set(Number(session), meter);
    },
  });
  const seen = new SeenApdus(tap, (client) => {
    const { encryptionKey, authenticationKey } = keys?.clients?.[String(client)] ?? {};
    return { encryptionKey, authenticationKey };
  });
  const explainer = new Explainer();
  // The client of an association is the end that sent the AARQ: by connection, and the addresses of both ends.
  const associations = new Map<string, Associated>();
  for (const record of readCapture(octets)) {
    time = timeOf(record) ?? time;
    for (const item of explainer.explain(record).items) {
      const [ends, pdu] = [endsOf(item), pduOf(item)];
      if (ends === undefined || pdu === undefined) continue;
      const { source, destination } = ends;
      const connection = connectionOf(record);
      const key = [connection, ...[endText(source), endText(destination)].sort()].join(" ");
      if (isAarq(pdu)) associations.set(key, associatedBy(record, ends));
      const known = associations.get(key);
      if (known === undefined) continue;
      known.way = wayIn(known, record, ends, pdu);
      meter = known.meter;
      seen.add({ way: known.way, client: known.client, device: known.device, connection: key, pdu });
    }
  }
  if (associations.size === 0) {
    throw new Fault("bad-record", "the capture has no association: no AARQ over HDLC or the wrapper", {
      layer: "simulator",
      hint: "start the capture before the client connects; dlms decode FILE shows what it has",
    });
  }
  return parseRecord(text).map((one) => {
    const name = meters.get(one.session);
    return name === undefined ? one : { ...one, meter: name };
  });
}

/** A connection by its two ends, in either direction. */
const connectionOf = ({ flow = "" }: CaptureRecord): string => flow.split(" > ").sort().join(" ");

function timeOf({ time }: CaptureRecord): number | undefined {
  // The zone of the machine that wrote a log is not known: a time without a zone is UTC.
  return time === undefined ? undefined : instantOfText(time, 0);
}
