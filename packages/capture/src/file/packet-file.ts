/** A packet of a capture file, starting with its link layer. */
export interface Packet {
  readonly octets: Uint8Array;
  /** The link type number, according to the list of tcpdump.org. */
  readonly linkType: number;
  /** Seconds since 1970; undefined if the file does not have the time. */
  readonly seconds: number | undefined;
}

export interface PacketFile {
  readonly format: "pcap" | "pcapng";
  readonly packets: readonly Packet[];
}

const viewOf = (octets: Uint8Array): DataView => new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

/** The packets of a pcap or pcapng file, also if it is cut; undefined for any other octets. */
export function packetsOf(file: Uint8Array): PacketFile | undefined {
  if (file.length < 12) return undefined;
  const view = viewOf(file);
  const magic = view.getUint32(0);
  if (magic === 0x0a0d0d0a && [0x1a2b3c4d, 0x4d3c2b1a].includes(view.getUint32(8))) {
    return { format: "pcapng", packets: pcapng(file, view) };
  }
  const orders: Readonly<Record<number, readonly [littleEndian: boolean, perSecond: number]>> = {
    2712847316: [false, 1e6],
    3569595041: [true, 1e6],
    2712812621: [false, 1e9],
    1295823521: [true, 1e9],
  };
  const order = orders[magic];
  if (order === undefined || file.length < 24) return undefined;
  return { format: "pcap", packets: pcap(file, view, ...order) };
}

function pcap(file: Uint8Array, view: DataView, little: boolean, perSecond: number): Packet[] {
  const linkType = view.getUint32(20, little) & 0x0fffffff;
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = view.getUint32(at + 8, little);
    const seconds = view.getUint32(at, little) + view.getUint32(at + 4, little) / perSecond;
    packets.push({ octets: file.subarray(at + 16, at + 16 + length), linkType, seconds });
    at += 16 + length;
  }
  return packets;
}

const sectionBlock = 0x0a0d0d0a;
const interfaceBlock = 1;
const obsoletePacketBlock = 2;
const simplePacketBlock = 3;
const enhancedPacketBlock = 6;
const resolutionOption = 9;

interface Interface {
  readonly linkType: number;
  /** The number of time stamp units per second. */
  readonly perSecond: number;
}

function pcapng(file: Uint8Array, view: DataView): Packet[] {
  const packets: Packet[] = [];
  let interfaces: Interface[] = [];
  let little = false;
  for (let at = 0; at + 12 <= file.length; ) {
    if (view.getUint32(at) === sectionBlock) {
      little = view.getUint32(at + 8) === 0x4d3c2b1a;
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || at + length > file.length) break;
    const end = at + length - 4;
    const packet = (start: number, size: number, of: Interface | undefined, time?: number): void => {
      const octets = file.subarray(start, Math.min(start + size, end));
      packets.push({
        octets,
        linkType: of?.linkType ?? 1,
        seconds: time === undefined ? undefined : time / (of?.perSecond ?? 1e6),
      });
    };
    if (type === interfaceBlock && end - at >= 16) {
      interfaces.push({ linkType: view.getUint16(at + 8, little), perSecond: resolution(view, at + 16, end, little) });
    } else if ((type === enhancedPacketBlock || type === obsoletePacketBlock) && end - at >= 28) {
      const id = type === enhancedPacketBlock ? view.getUint32(at + 8, little) : view.getUint16(at + 8, little);
      const time = view.getUint32(at + 12, little) * 0x100000000 + view.getUint32(at + 16, little);
      packet(at + 28, view.getUint32(at + 20, little), interfaces[id], time);
    } else if (type === simplePacketBlock && end - at >= 12) {
      packet(at + 12, view.getUint32(at + 8, little), interfaces[0]);
    }
    at += length;
  }
  return packets;
}

function resolution(view: DataView, start: number, end: number, little: boolean): number {
  for (let at = start; at + 4 <= end; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === resolutionOption && length === 1 && at + 4 < end) {
      const exponent = view.getUint8(at + 4);
      return (exponent & 0x80) !== 0 ? 2 ** (exponent & 0x7f) : 10 ** exponent;
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return 1e6;
}
