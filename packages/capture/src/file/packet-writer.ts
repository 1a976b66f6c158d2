import { concat } from "@dlmskit/core";
import ipaddr from "ipaddr.js";

/** One end of a recorded connection: an IPv4 or IPv6 address and a port. */
export interface PacketEnd {
  readonly host: string;
  readonly port: number;
}

/** A connection to record. `datagrams`: each part is one UDP datagram; otherwise the octets are written as a TCP stream. */
export interface RecordedConnection {
  readonly near: PacketEnd;
  readonly far: PacketEnd;
  readonly datagrams?: boolean;
}

const rawIp = 101;
const snapshotLength = 0x40000;
const tcpHeader = 20;
const udpHeader = 8;
// The longest TCP payload whose packet is below 65,536 octets with either version of IP.
const longestSegment = 0xffff - 60;

/** The header of a pcap file whose packets begin with their IP header (link type 101). */
export function packetFileHeader(): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b2c3d4);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, snapshotLength);
  view.setUint32(20, rawIp);
  return header;
}

/**
 * Writes the octets of one connection as packets of a pcap file. The octets are those of the application: the IP, TCP and UDP headers
 * around them are made here, and a stream has no acknowledgements.
 */
export class PacketFlow {
  readonly #connection: RecordedConnection;
  readonly #next = { out: 1, in: 1 };
  #begun = false;

  constructor(connection: RecordedConnection) {
    this.#connection = connection;
  }

  /** Records of the file for octets that this end sent (`out`) or received (`in`) at `at`, ms since 1970. */
  packets(direction: "in" | "out", octets: Uint8Array, at: number): Uint8Array {
    const { datagrams = false } = this.#connection;
    if (datagrams) return this.#packet(direction, udpOf(octets), at);
    const packets: Uint8Array[] = [];
    if (!this.#begun) {
      this.#begun = true;
      // The handshake: readers of the file begin the stream here, also when the same ports are used again.
      packets.push(this.#segment("out", new Uint8Array(), at, 0x02), this.#segment("in", new Uint8Array(), at, 0x12));
    }
    for (let from = 0; from < octets.length; from += longestSegment) {
      packets.push(this.#segment(direction, octets.subarray(from, from + longestSegment), at, 0x18));
    }
    return concat(...packets);
  }

  #segment(direction: "in" | "out", octets: Uint8Array, at: number, flags: number): Uint8Array {
    const segment = new Uint8Array(tcpHeader + octets.length);
    const view = new DataView(segment.buffer);
    const syn = (flags & 0x02) !== 0;
    const own = this.#next[direction];
    view.setUint32(4, syn ? 0 : own);
    view.setUint32(8, flags === 0x02 ? 0 : this.#next[direction === "in" ? "out" : "in"]);
    view.setUint8(12, (tcpHeader / 4) << 4);
    view.setUint8(13, flags);
    view.setUint16(14, 0xffff);
    segment.set(octets, tcpHeader);
    this.#next[direction] = (own + octets.length) >>> 0;
    return this.#packet(direction, segment, at);
  }

  /** `transport`: a TCP segment or UDP datagram without its ports and checksum. */
  #packet(direction: "in" | "out", transport: Uint8Array, at: number): Uint8Array {
    const { near, far, datagrams = false } = this.#connection;
    const [source, destination] = direction === "out" ? [near, far] : [far, near];
    const view = new DataView(transport.buffer);
    view.setUint16(0, source.port);
    view.setUint16(2, destination.port);
    const protocol = datagrams ? 17 : 6;
    const [from, to] = addressesOf(source.host, destination.host);
    const length = new Uint8Array([0, 0, transport.length >> 8, transport.length & 0xff]);
    const sum = checksum(concat(from, to, new Uint8Array([0, protocol]), length, transport));
    // In UDP a checksum of 0 means that there is none.
    view.setUint16(datagrams ? 6 : 16, datagrams && sum === 0 ? 0xffff : sum);
    const packet = concat(ipHeader(from, to, protocol, transport.length), transport);
    const record = new Uint8Array(16);
    const time = new DataView(record.buffer);
    time.setUint32(0, Math.floor(at / 1000));
    time.setUint32(4, Math.floor((at % 1000) * 1000));
    time.setUint32(8, packet.length);
    time.setUint32(12, packet.length);
    return concat(record, packet);
  }
}

function udpOf(octets: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(udpHeader + octets.length);
  new DataView(datagram.buffer).setUint16(4, datagram.length);
  datagram.set(octets, udpHeader);
  return datagram;
}

function ipHeader(from: Uint8Array, to: Uint8Array, protocol: number, length: number): Uint8Array {
  if (from.length === 16) {
    const header = new Uint8Array([0x60, 0, 0, 0, length >> 8, length & 0xff, protocol, 64]);
    return concat(header, from, to);
  }
  const whole = 20 + length;
  const header = concat(
    new Uint8Array([0x45, 0, whole >> 8, whole & 0xff, 0, 0, 0x40, 0, 64, protocol, 0, 0]),
    from,
    to,
  );
  new DataView(header.buffer, header.byteOffset).setUint16(10, checksum(header));
  return header;
}

/** The Internet checksum (RFC 1071): the complement of the sum of all 16-bit words. */
function checksum(octets: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) sum += ((octets[at] as number) << 8) | (octets[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** Both addresses, in the same version of IP. A text that is not an address (a name, a serial port) becomes the unspecified address. */
function addressesOf(source: string, destination: string): readonly [Uint8Array, Uint8Array] {
  const [from, to] = [source, destination].map((text) => ipaddr.parse(ipaddr.isValid(text) ? text : "0.0.0.0"));
  const mixed = from?.kind() !== to?.kind();
  const octets = (address: ipaddr.IPv4 | ipaddr.IPv6 | undefined): Uint8Array => {
    const written = mixed && address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address;
    return Uint8Array.from(written?.toByteArray() ?? []);
  };
  return [octets(from), octets(to)];
}
