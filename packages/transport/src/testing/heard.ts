import { concat, Fault } from "@dlmskit/core";
import type { Duplex, DuplexHandlers } from "../duplex.ts";

/** All calls of a duplex's handlers. */
export interface Heard {
  readonly pieces: Uint8Array[];
  readonly octets: Uint8Array;
  readonly events: string[];
  readonly fault: Fault | undefined;
}

/** Starts a duplex and records the calls of its handlers. `events` are "received", "ended", "drained", "closed", in order. */
export function listen(duplex: Duplex, how: { readonly halfOpen?: boolean } = {}): Heard {
  const pieces: Uint8Array[] = [];
  const events: string[] = [];
  let fault: Fault | undefined;
  const handlers: DuplexHandlers = {
    received(octets) {
      pieces.push(octets);
      if (events.at(-1) !== "received") events.push("received");
    },
    drained: () => void events.push("drained"),
    closed(why) {
      fault = why;
      events.push("closed");
    },
    ...(how.halfOpen === true && { ended: () => void events.push("ended") }),
  };
  duplex.start(handlers);
  check(events.length === 0, "a handler was called before start returned");
  return {
    pieces,
    events,
    get octets() {
      return concat(...pieces);
    },
    get fault() {
      return fault;
    },
  };
}

/** Fault `contract-broken` if `holds` is false. */
export function check(holds: boolean, broken: string): void {
  if (!holds) throw new Fault("contract-broken", broken, { layer: "transport" });
}

/** Waits until the condition holds, 5 s at most. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !holds(); waited += 2) {
    check(waited < 5000, `it never happened that ${what}`);
    await pause(2);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
