import { Reader } from "@dlmskit/core";

/** The reasons for which a frame is rejected (ISO/IEC 13239 5.5.3.4), one bit each. */
export const rejectReasons = {
  "unknown-control": 0x01,
  "information-not-permitted": 0x02,
  "information-too-long": 0x04,
  "bad-receive-sequence": 0x08,
} as const;
export type RejectReason = keyof typeof rejectReasons;

/** The information field of an FRMR: the rejected control octet, the sender's V(S) and V(R), the reasons. */
export interface Rejection {
  readonly control: number;
  readonly sendSequence: number;
  readonly receiveSequence: number;
  /** Whether the rejected frame was a response (C/R bit). */
  readonly response: boolean;
  readonly reasons: readonly RejectReason[];
}

/** Encodes a rejection in three octets: control, `V(R) C/R V(S) 0` from the high bit down, `0000 z y x w`. */
export function encodeRejection(rejection: Rejection): Uint8Array {
  let reasons = 0;
  for (const reason of rejection.reasons) reasons |= rejectReasons[reason];
  return Uint8Array.of(
    rejection.control,
    ((rejection.receiveSequence & 7) << 5) | (rejection.response ? 0x10 : 0) | ((rejection.sendSequence & 7) << 1),
    reasons,
  );
}

/** Decodes a rejection. Faults `truncated`, `trailing-octets`. */
export function decodeRejection(octets: Uint8Array): Rejection {
  const from = new Reader(octets, { layer: "hdlc" });
  const control = from.u8();
  const state = from.u8();
  const bits = from.u8();
  from.finish();
  return {
    control,
    sendSequence: (state >> 1) & 7,
    receiveSequence: state >> 5,
    response: (state & 0x10) !== 0,
    reasons: (Object.keys(rejectReasons) as RejectReason[]).filter((reason) => (bits & rejectReasons[reason]) !== 0),
  };
}
