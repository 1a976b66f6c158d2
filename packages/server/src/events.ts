import type { Negotiated, ReleaseReason } from "@dlmskit/association";
import type { Fault, LinkAddress } from "@dlmskit/core";

interface Where {
  /** The remote end of the transport. */
  readonly remote: string;
  readonly address: LinkAddress;
  /** Name of the meter. */
  readonly meter: string;
}

interface Pushed {
  /** Name of the meter; empty for a message that belongs to no meter. */
  readonly meter: string;
  readonly destination: string;
  /** The long-invoke-id, for a DataNotification. */
  readonly longInvokeId?: number;
}

/** What happens in a server, for logs and counters. No event carries a key, a password or a plaintext. */
export type ServerEvent =
  | { readonly type: "opened"; readonly remote: string }
  | { readonly type: "closed"; readonly remote: string; readonly fault?: Fault }
  /** Another process has the meter. It serves this client and can be reached at `to`. */
  | (Omit<Where, "meter"> & {
      readonly type: "forwarded";
      /** Id of the meter. */
      readonly meter: string;
      readonly to: string;
    })
  | (Where & { readonly type: "associated"; readonly association: Negotiated })
  | (Where & { readonly type: "released"; readonly why: ReleaseReason | "disconnected" })
  /** A request was refused: wrong password, bad tag, bad counter, malformed APDU and so on. Nothing was executed. */
  | (Where & { readonly type: "refused"; readonly fault: Fault })
  /** Too many authentications failed: every attempt is refused until `until` (ms since 1970 UTC). */
  | (Where & { readonly type: "locked"; readonly until: number })
  /** A hook, an interceptor, a scheduled action or code that applies changed rows threw an error. A client got hardware-fault; the server continues. */
  | { readonly type: "hook-failed"; readonly meter: string; readonly what: string; readonly error: unknown }
  | { readonly type: "store-failed"; readonly meter: string; readonly what: string; readonly error: unknown }
  /**
   * The server received something that it does not answer. `why`: `"address"` (no meter has this `address`), or the reason given by
   * the data link (`"fcs-mismatch"` …).
   */
  | { readonly type: "ignored"; readonly remote: string; readonly why: string; readonly address?: LinkAddress }
  /** A meter behind a gateway could not be reached, or did not answer in time. */
  | (Omit<Where, "meter"> & { readonly type: "unreachable"; readonly fault: Fault })
  /** A notification was sent and left the queue. `confirmed`: the receiver confirmed it. */
  | (Pushed & { readonly type: "push-sent"; readonly confirmed: boolean })
  /** A notification could not be sent. `again`: the server will try again. */
  | (Pushed & { readonly type: "push-failed"; readonly fault: Fault; readonly again: boolean })
  /** Changed rows take effect. `meter`: set if they belong to one meter only (keys, policy, secrets). */
  | { readonly type: "rows-changed"; readonly table: string; readonly meter?: string }
  /** Changed rows cannot be used: the previous values stay in effect. The path of `fault` names the table, id and column. */
  | { readonly type: "rows-refused"; readonly table: string; readonly meter?: string; readonly fault: Fault }
  /** The power of a meter was cut or restored (`meter.powerDown`, `meter.powerUp`). */
  | { readonly type: "power-lost" | "power-restored"; readonly meter: string }
  /** The store works again. `after`: ms since it failed. */
  | { readonly type: "store-recovered"; readonly after: number }
  /** A listener failed (`too-many-open-files` …) or rejected a connection (`too-many-connections`). It continues to listen. */
  | { readonly type: "listener-failed"; readonly listener: string; readonly fault: Fault };

/** Number of events of each kind since the start. */
export class EventCounts {
  readonly #counts = new Map<string, number>();

  /** Counts by event type. Refusals and failures of listeners and pushes are also counted by Fault code, as `"refused:bad-tag"`. */
  get counts(): { readonly [name: string]: number } {
    return Object.fromEntries(this.#counts);
  }

  count(event: ServerEvent): void {
    this.#add(event.type);
    if ("fault" in event && event.type !== "closed") this.#add(`${event.type}:${event.fault.code}`);
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}
