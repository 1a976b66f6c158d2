import type { Tapped } from "@dlmskit/transport";
import type { Tap } from "../access/taps.ts";

/** Applies a tap to the octets of the link. */
export function linkTap(tap: Tap, remote: string) {
  const look =
    (way: "received" | "sent") =>
    (octets: Uint8Array, now: number): Tapped => {
      const verdict = tap({ at: "link", way, octets, remote, now });
      switch (verdict?.do) {
        case undefined:
        case "pass":
          return octets;
        case "drop":
          return undefined;
        case "replace":
          return verdict.octets;
        case "delay":
          return { octets: verdict.octets ?? octets, delay: verdict.ms };
      }
    };
  return { receive: look("received"), transmit: look("sent") };
}
