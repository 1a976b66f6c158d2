import type { Fault } from "@dlmskit/core";

/** Whether octets were sent or received, as the one who recorded them says. */
export type Direction = "sent" | "received";

/** Octets of a capture that belong together: a line, a dump, a frame that was wrapped over lines, a PDU of a connection. */
export interface CaptureRecord {
  readonly octets: Uint8Array;
  /** How they were written: `"hex"`, `"base64"`, `"pcap"` … */
  readonly notation: string;
  /** Line of the text where they start, from 1. */
  readonly line?: number;
  readonly direction?: Direction;
  /** The time stamp in front of them, as it is written. */
  readonly time?: string;
  /** The two ends of a connection in a packet capture, `"10.0.0.1:4059 > 10.0.0.2:51000"`. */
  readonly flow?: string;
  /** Which decoder they belong to: records of one connection share it. */
  readonly stream?: string;
  /** What was guessed in reading them, for people. */
  readonly guesses: readonly string[];
  /** Why a line has no octets; `octets` is then empty. */
  readonly fault?: Fault;
  /** The line was probably not meant as octets: prose of a log. */
  readonly prose?: true;
}
