import { Fault } from "@dlmskit/core";

/** Compression of an APDU before it is ciphered (the standard uses ITU-T V.44). The user supplies it: this package has no compression. */
export interface Compression {
  compress(octets: Uint8Array): Uint8Array;
  /** Returns at most `most` octets. It must stop or throw if there would be more. */
  decompress(octets: Uint8Array, most: number): Uint8Array;
}

/** The default maximum length of an APDU after decompression. */
const usualMost = 0x10000;

/** Fault `bad-security-control` if no compression is given. */
export function compressionOf(compression: Compression | undefined): Compression {
  if (compression !== undefined) return compression;
  throw new Fault("bad-security-control", "the APDU is compressed, which is not supported", {
    layer: "security",
    hint: "turn off compression at the peer, or give a `compression`",
  });
}

/** The decompressed octets. Faults `bad-compression` for any error, `decompressed-too-long` for more than `most` octets. */
export function decompressed(compression: Compression, octets: Uint8Array, most = usualMost): Uint8Array {
  let whole: Uint8Array;
  try {
    whole = compression.decompress(octets, most);
  } catch (cause) {
    throw new Fault("bad-compression", "the APDU cannot be decompressed", { layer: "security", cause });
  }
  if (whole.length <= most) return whole;
  throw new Fault("decompressed-too-long", `${octets.length} compressed octets become more than ${most}`, {
    layer: "security",
  });
}
