import { Fault, fromAscii, type LogicalName } from "@dlmskit/core";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { TakenMeter } from "@dlmskit/storage";
import type { Secrets } from "../security/security-spec.ts";
import type { MeterTemplate } from "./meter-template.ts";

/** The identity and the own data of one meter. */
export interface MeterIdentity {
  /** Logical device name of the management logical device: 1 to 16 characters, the first three the manufacturer's. */
  readonly name: string;
  /** The id of the meter in a store; the name by default. */
  readonly id?: string;
  readonly serial?: string;
  /** System title, 8 octets; derived from the name by default. */
  readonly systemTitle?: Uint8Array;
  /** Secrets by association name, or a function that is called when an association is opened. They override those of the template. */
  readonly secrets?:
    | { readonly [association: string]: Secrets }
    | ((association: { readonly name: string; readonly client: number; readonly instance: LogicalName }) => Secrets);
  /** Any value that the hooks need for this meter: they read it as `context.own`. */
  readonly own?: unknown;
  /** The first invocation counter if there is no store; derived from the clock of the machine by default. */
  readonly firstCounter?: number;
  /** The origin of a simulated meter that a store keeps: seed, template and commissioning. */
  readonly origin?: {
    readonly seed: string;
    readonly template: string;
    /** ms since 1970 UTC. */
    readonly commissionedAt: number;
    /** Start of the timed actions of a meter that has never run, ms since 1970 UTC; by default the time of its first use. */
    readonly ranFrom?: number;
  };
  /**
   * Returns the identity of the meter from its stored data. Called each time the meter is taken from the store, before the meter is
   * used. If it throws, the meter cannot be used. By default the meter keeps the identity of this object.
   */
  readonly taken?: (taken: TakenMeter) => MaybePromise<MeterIdentity>;
  /** Called when the meter is released. `next`: time of its next action, ms since 1970 UTC, simulated time. Must not throw. */
  readonly letGo?: (next: number | undefined) => void;
}

/** A meter as hooks, interceptors and events see it. */
export interface KnownMeter {
  readonly template: MeterTemplate;
  readonly identity: MeterIdentity;
  readonly name: string;
  readonly id: string;
  /** The time of the meter's clock, ms since 1970 UTC. */
  readonly now: number;
}

/** Fault `bad-value`. */
export function checkIdentity({ name, systemTitle }: MeterIdentity): void {
  if (!/^[\x20-\x7e]{1,16}$/.test(name)) {
    throw new Fault("bad-value", `"${name}" is not a logical device name`, {
      layer: "server",
      hint: "use 1 to 16 ASCII characters, starting with the three letters of the manufacturer",
    });
  }
  if (systemTitle !== undefined && systemTitle.length !== 8) {
    throw new Fault("bad-value", `a system title has 8 octets, not ${systemTitle.length}`, { layer: "server" });
  }
}

/** The system title of a meter without a given one: three octets of the manufacturer and five that depend on the whole name. */
export function systemTitleOf(name: string): Uint8Array {
  let hash = 0xcbf29ce484222325n;
  for (const octet of fromAscii(name)) hash = ((hash ^ BigInt(octet)) * 0x100000001b3n) & 0xffffffffffffffffn;
  const title = new Uint8Array(8);
  title.set(fromAscii(name.slice(0, 3).padEnd(3, "-")));
  for (let at = 0; at < 5; at++) title[3 + at] = Number((hash >> BigInt(at * 8)) & 0xffn);
  return title;
}
