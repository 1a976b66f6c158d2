import type { ConformanceName, Invoke } from "@dlmskit/apdu";
import type { RequestOptions } from "./initiator-state.ts";

/** The invoke ids of a client: 1 to 15, then 1 again. */
export class InvokeIds {
  #last = 0;

  /** The invoke-id-and-priority of the next request; high only where priorities were negotiated. */
  next({ priority, confirmed = true }: RequestOptions, conformance: readonly ConformanceName[]): Invoke {
    this.#last = (this.#last % 15) + 1;
    const high = priority === "high" && conformance.includes("priority-mgmt-supported");
    return {
      invokeId: this.#last,
      priority: high ? "high" : "normal",
      serviceClass: confirmed ? "confirmed" : "unconfirmed",
    };
  }
}
