import { Fault } from "@dlmskit/core";
import type { KnownMeter } from "../meter/meter-identity.ts";

/** A push that is about to be sent. */
export interface OutgoingPush {
  readonly meter: KnownMeter;
  /** The APDU before it is protected. */
  readonly apdu: Uint8Array;
}

/** How a push differs from what the meter would send. */
export interface PushAlteration {
  /** The APDU that is protected and sent. */
  readonly apdu?: Uint8Array;
  /** The maximum length of a block, octets: a longer APDU is sent in blocks of general block transfer. */
  readonly blocks?: number;
  /** The time between two PDUs of the push, ms. */
  readonly gap?: number;
  /** The lower part of the HDLC address of the meter. By default the address has no lower part. */
  readonly physical?: number;
  /** Octets that are sent in place of the push, without protection and without a data link. Nothing confirms them. */
  readonly raw?: Uint8Array;
}

/** Alters pushes to destinations, for meters with faults; undefined: the push is sent as it is. */
export type AlterPush = (push: OutgoingPush) => PushAlteration | undefined;

/** Fault `bad-value`. */
export function checkAlteration({ blocks = 16, gap = 0 }: PushAlteration): void {
  if (Number.isInteger(blocks) && blocks >= 16 && gap >= 0) return;
  throw new Fault("bad-value", `blocks of ${blocks} octets with ${gap} ms between them are not possible`, {
    layer: "server",
    hint: "a block has at least 16 octets",
  });
}
