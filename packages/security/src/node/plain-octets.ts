/**
 * The octets of a Buffer as a Uint8Array that shares memory with nothing else: without a copy where the Buffer is the whole of
 * its memory, which is so for what ciphers return. Other Buffers may be views into a pool.
 */
export function plainOctets(buffer: Buffer): Uint8Array {
  return buffer.length === buffer.buffer.byteLength ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}
