import type { ConformanceName, Invoke } from "@dlmskit/apdu";
import type { RequestOptions } from "./initiator-state.ts";

const highest = { short: 15, long: 0xffffff } as const;

/** The invoke ids of a client: 1 to 15, then 1 again; long invoke ids up to 2^24 - 1. */
export class InvokeIds {
  readonly #last = { short: 0, long: 0 };

  /** The invoke-id-and-priority of the next request. The priority is high only if priorities were negotiated. `used`: not this id. */
  next(
    { priority, confirmed = true }: RequestOptions,
    conformance: readonly ConformanceName[],
    length: "short" | "long" = "short",
    used?: number,
  ): Invoke {
    do this.#last[length] = (this.#last[length] % highest[length]) + 1;
    while (this.#last[length] === used);
    const high = priority === "high" && conformance.includes("priority-mgmt-supported");
    return {
      invokeId: this.#last[length],
      priority: high ? "high" : "normal",
      serviceClass: confirmed ? "confirmed" : "unconfirmed",
    };
  }
}
