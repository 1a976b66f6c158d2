import type { Fault } from "@dlmskit/core";
import { isLater } from "@dlmskit/cosem-objects";
import type { LiveMeter } from "../meter/live-meter.ts";

/** Keeps what the client has counted by reading, now (`soon` false) or when enough has gathered. Nobody waits for it. */
export function keepPeers(live: LiveMeter, soon: boolean): void {
  const kept = live.keepPeers(soon);
  if (kept === undefined || !isLater(kept)) return;
  kept.then(
    () => undefined,
    (error) => live.environment.storeFailed(live.known, "peer counter", (error as Fault).cause ?? error),
  );
}
