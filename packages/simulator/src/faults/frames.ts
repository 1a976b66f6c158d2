import { decodeFrame, encodeFrame, type Frame } from "@dlmskit/hdlc";

const flag = 0x7e;

/** The HDLC frame in the octets; undefined: the octets are not a complete HDLC frame. */
export function frameOf(octets: Uint8Array): Frame | undefined {
  if (octets[0] !== flag || octets.at(-1) !== flag) return undefined;
  try {
    return decodeFrame(octets);
  } catch {
    return undefined;
  }
}

/** The frame with some fields changed and correct check sequences. If the octets are not a frame, they are returned unchanged. */
export function changedFrame(octets: Uint8Array, change: (frame: Frame) => Frame | undefined): Uint8Array | undefined {
  const frame = frameOf(octets);
  const changed = frame && change(frame);
  return changed && encodeFrame(changed);
}

/** The wPorts of a WPDU; undefined: the octets do not begin with one. */
export function wportsOf(octets: Uint8Array): { readonly source: number; readonly destination: number } | undefined {
  if (octets.length < 8 || octets[0] !== 0 || octets[1] !== 1) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  return { source: view.getUint16(2), destination: view.getUint16(4) };
}
