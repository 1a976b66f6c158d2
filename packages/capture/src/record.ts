import type { Fault } from "@dlmskit/core";

/** Whether octets were sent or received, from the point of view of the recording end. */
export type Direction = "sent" | "received";

/** Octets of a capture that belong together: a line, a dump, a frame on several lines, a PDU of a connection. */
export interface CaptureRecord {
  readonly octets: Uint8Array;
  /** The notation of the octets: `"hex"`, `"base64"`, `"pcap"` … */
  readonly notation: string;
  /** The number of the text line where the octets start, from 1. */
  readonly line?: number;
  readonly direction?: Direction;
  /** The time stamp before the octets, as text. */
  readonly time?: string;
  /** The two ends of a connection in a packet capture, `"10.0.0.1:4059 > 10.0.0.2:51000"`. */
  readonly flow?: string;
  /** The key of the decoder for the octets: records of one connection share a decoder. */
  readonly stream?: string;
  /** Texts for people about guesses of the reader. */
  readonly guesses: readonly string[];
  /** The reason why a line has no octets; `octets` is then empty. */
  readonly fault?: Fault;
  /** Whether the line is probably text of a log and not octets. */
  readonly prose?: true;
}
