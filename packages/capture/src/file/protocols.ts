/** The application data of a packet, with its two ends. */
export interface Payload {
  readonly octets: Uint8Array;
  /** `address:port`; undefined if there is no network layer. */
  readonly from?: string;
  readonly to?: string;
  readonly ports: readonly number[];
  /** The TCP sequence number of the first octet. */
  readonly sequence?: number;
  /** Whether a TCP connection begins with this packet, so that sequence numbers start again. */
  readonly begins?: true;
}

const u16 = (octets: Uint8Array, at: number): number => ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
const u32 = (octets: Uint8Array, at: number): number => ((u16(octets, at) << 16) | u16(octets, at + 2)) >>> 0;

const ipv4Type = 0x0800;
const ipv6Type = 0x86dd;
const vlanTypes = new Set([0x8100, 0x88a8, 0x9100]);

/** The payload of a TCP or UDP packet, or all octets for a link layer without packets. */
export function payloadOf(octets: Uint8Array, linkType: number): Payload | undefined {
  switch (linkType) {
    // Ethernet
    case 1: {
      let at = 12;
      while (vlanTypes.has(u16(octets, at))) at += 4;
      return network(octets.subarray(at + 2), u16(octets, at));
    }
    // BSD loopback, in the octet order of the recording host
    case 0:
    case 108:
      return network(octets.subarray(4), undefined);
    // raw IP
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return network(octets, undefined);
    // Linux "cooked", versions 1 and 2
    case 113:
      return network(octets.subarray(16), u16(octets, 14));
    case 276:
      return network(octets.subarray(20), u16(octets, 0));
    default:
      // User-defined link types and serial lines: the octets of the line.
      return linkType >= 147 && linkType <= 162 ? { octets, ports: [] } : undefined;
  }
}

function network(octets: Uint8Array, type: number | undefined): Payload | undefined {
  const version = (octets[0] ?? 0) >> 4;
  if (version === 4 && (type === undefined || type === ipv4Type)) return ipv4(octets);
  if (version === 6 && (type === undefined || type === ipv6Type)) return ipv6(octets);
  return undefined;
}

function ipv4(octets: Uint8Array): Payload | undefined {
  const header = ((octets[0] ?? 0) & 0x0f) * 4;
  const length = u16(octets, 2);
  // Later fragments are skipped: only the first fragment has the ports, and no fragment has the complete packet.
  if (header < 20 || (u16(octets, 6) & 0x1fff) !== 0) return undefined;
  const address = (at: number): string => octets.subarray(at, at + 4).join(".");
  // A length of 0: the network card adds the length later.
  const content = octets.subarray(header, length === 0 ? octets.length : length);
  return transport(content, octets[9], address(12), address(16));
}

function ipv6(octets: Uint8Array): Payload | undefined {
  const length = u16(octets, 4);
  const address = (at: number): string =>
    `[${Array.from({ length: 8 }, (_, part) => u16(octets, at + part * 2).toString(16)).join(":")}]`;
  let next = octets[6];
  let at = 40;
  const end = length === 0 ? octets.length : 40 + length;
  // Hop-by-hop, routing, destination options.
  while ((next === 0 || next === 43 || next === 60) && at + 8 <= end) {
    next = octets[at];
    at += ((octets[at + 1] ?? 0) + 1) * 8;
  }
  return transport(octets.subarray(at, end), next, address(8), address(24));
}

const tcp = 6;
const udp = 17;

function transport(octets: Uint8Array, protocol: number | undefined, from: string, to: string): Payload | undefined {
  const ports = [u16(octets, 0), u16(octets, 2)] as const;
  const ends = { from: `${from}:${ports[0]}`, to: `${to}:${ports[1]}`, ports };
  if (protocol === udp && octets.length >= 8) {
    const length = u16(octets, 4);
    return { ...ends, octets: octets.subarray(8, length < 8 ? octets.length : length) };
  }
  const header = ((octets[12] ?? 0) >> 4) * 4;
  if (protocol !== tcp || header < 20 || octets.length < header) return undefined;
  // SYN counts as an octet.
  const syn = ((octets[13] ?? 0) & 0x02) !== 0 ? 1 : 0;
  const sequence = (u32(octets, 4) + syn) >>> 0;
  return { ...ends, octets: octets.subarray(header), sequence, ...(syn === 1 ? { begins: true } : {}) };
}
