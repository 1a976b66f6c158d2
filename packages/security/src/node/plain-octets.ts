/**
 * The octets of a Buffer as a Uint8Array that shares memory with nothing else. There is no copy if the Buffer covers its whole
 * memory, as for the results of ciphers. Other Buffers may be views into a pool.
 */
export function plainOctets(buffer: Buffer): Uint8Array {
  return buffer.length === buffer.buffer.byteLength ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}
