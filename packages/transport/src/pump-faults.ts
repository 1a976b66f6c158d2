import { Fault } from "@dlmskit/core";

const layer = "transport";

export const linkBroken = (remote: string, why: string): Fault =>
  new Fault("link-broken", `the link with ${remote} failed: ${why}`, { layer });

export const doesNotRead = (message: string): Fault =>
  new Fault("peer-does-not-read", message, { layer, hint: "raise maxBufferedOctets if the peer is only slow" });

export const handlerFailed = (remote: string, cause: unknown): Fault => {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Fault("handler-failed", `a handler of data from ${remote} failed: ${reason}`, { layer, cause });
};
