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
  /** Name of the meter; empty where the message is of none. */
  readonly meter: string;
  readonly destination: string;
  /** Of a DataNotification. */
  readonly longInvokeId?: number;
}

/** What happens in a server, for logs and counters. No event carries a key, a password or a plaintext. */
export type ServerEvent =
  | { readonly type: "opened"; readonly remote: string }
  | { readonly type: "closed"; readonly remote: string; readonly fault?: Fault }
  /** Another process has the meter: it serves this client, and is reached at `to`. */
  | (Omit<Where, "meter"> & {
      readonly type: "forwarded";
      /** Id of the meter. */
      readonly meter: string;
      readonly to: string;
    })
  | (Where & { readonly type: "associated"; readonly association: Negotiated })
  | (Where & { readonly type: "released"; readonly why: ReleaseReason | "disconnected" })
  /** Wrong password, bad tag, counter, malformed …: nothing was executed. */
  | (Where & { readonly type: "refused"; readonly fault: Fault })
  /** Too many failed authentications: every attempt is refused until then (ms since 1970 UTC). */
  | (Where & { readonly type: "locked"; readonly until: number })
  /** A hook, an interceptor or a scheduled action threw: the client was told hardware-fault, the server goes on. */
  | { readonly type: "hook-failed"; readonly meter: string; readonly what: string; readonly error: unknown }
  | { readonly type: "store-failed"; readonly meter: string; readonly what: string; readonly error: unknown }
  /**
   * Something was received that the server does not answer. `why`: `"address"` (no meter has it: see `address`), or the reason of
   * the data link (`"fcs-mismatch"` …).
   */
  | { readonly type: "ignored"; readonly remote: string; readonly why: string; readonly address?: LinkAddress }
  /** A notification left the queue; `confirmed`: its receiver said so. */
  | (Pushed & { readonly type: "push-sent"; readonly confirmed: boolean })
  /** A notification could not be sent; `again`: it is tried again. */
  | (Pushed & { readonly type: "push-failed"; readonly fault: Fault; readonly again: boolean })
  /** Changed rows hold from now on; `meter`: of one alone (keys, policy, secrets). */
  | { readonly type: "rows-changed"; readonly table: string; readonly meter?: string }
  /** Changed rows cannot be used: what was in force stays. The path of `fault` has table, id and column. */
  | { readonly type: "rows-refused"; readonly table: string; readonly meter?: string; readonly fault: Fault }
  /** The power of a meter was cut, or is there again (`meter.powerDown`, `meter.powerUp`). */
  | { readonly type: "power-lost" | "power-restored"; readonly meter: string }
  /** The store works again; `after`: ms since it failed. */
  | { readonly type: "store-recovered"; readonly after: number }
  /** A listener failed (`too-many-open-files` …) or turned a connection away (`too-many-connections`). It goes on listening. */
  | { readonly type: "listener-failed"; readonly listener: string; readonly fault: Fault };

/** Number of events of each kind since the start. */
export class EventCounts {
  readonly #counts = new Map<string, number>();

  /** By event type; what was refused and how listeners and pushes failed also by the code of the fault, as `"refused:bad-tag"`. */
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
