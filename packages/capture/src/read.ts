import { readPackets } from "./file/packets.ts";
import type { CaptureRecord } from "./record.ts";
import { textOf } from "./text/encodings.ts";
import { CaptureReader } from "./text/reader.ts";

/**
 * Reads the octets in a text or a file, in order: hex in any notation, dumps, logs, string literals, JSON, base64, P1,
 * pcap and pcapng, or binary octets. A line that cannot be read is a record with a `fault` and no octets.
 */
export function readCapture(input: string | Uint8Array): CaptureRecord[] {
  if (typeof input !== "string") {
    const packets = readPackets(input);
    if (packets !== undefined) return packets;
    const text = textOf(input);
    if (text === undefined) return [{ octets: input, notation: "octets", guesses: [] }];
    const records = readCapture(text.text);
    return text.encoding === "UTF-8"
      ? records
      : records.map((one) => ({ ...one, guesses: [`the text is taken as ${text.encoding}`, ...one.guesses] }));
  }
  const reader = new CaptureReader();
  const records = input.split("\n").flatMap((line) => reader.push(line));
  return [...records, ...reader.end()];
}
