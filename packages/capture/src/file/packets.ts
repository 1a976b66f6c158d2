import type { CaptureRecord } from "../record.ts";

/** @internal */
export function readPackets(_octets: Uint8Array): CaptureRecord[] | undefined {
  return undefined;
}
