import { Fault, fromAscii, type LogicalName } from "@dlmskit/core";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { TakenMeter } from "@dlmskit/storage";
import type { Secrets } from "../security/security-spec.ts";
import type { MeterTemplate } from "./meter-template.ts";

/** Who one meter is, and what is its own. */
export interface MeterIdentity {
  /** Logical device name of the management logical device: 1 to 16 characters, the first three the manufacturer's. */
  readonly name: string;
  /** What a store knows it by: the name by default. */
  readonly id?: string;
  readonly serial?: string;
  /** 8 octets; made from the name by default. */
  readonly systemTitle?: Uint8Array;
  /** By association name, or asked for when an association is opened; they go before those of the template. */
  readonly secrets?:
    | { readonly [association: string]: Secrets }
    | ((association: { readonly name: string; readonly client: number; readonly instance: LogicalName }) => Secrets);
  /** Whatever the hooks need of this meter: they find it as `context.own`. */
  readonly own?: unknown;
  /** The first invocation counter where there is no store; from the machine's clock by default. */
  readonly firstCounter?: number;
  /** What a store keeps of a simulated meter's origin: seed, template and commissioning. */
  readonly origin?: {
    readonly seed: string;
    readonly template: string;
    /** ms since 1970 UTC. */
    readonly commissionedAt: number;
    /** From when on the meter does what it does by itself, where it never did: ms since 1970 UTC; when it is first used by default. */
    readonly ranFrom?: number;
  };
  /**
   * Who the meter is by what a store has of it: asked each time that the meter is taken from the store, before anything of it is
   * used. What it throws keeps the meter from being used. The meter stays who this object says unless given.
   */
  readonly taken?: (taken: TakenMeter) => MaybePromise<MeterIdentity>;
  /** Told each time that the meter is released, as nobody uses it: when it does something next, ms since 1970 UTC of simulated time. Must not throw. */
  readonly letGo?: (next: number | undefined) => void;
}

/** A meter as hooks, interceptors and events know it. */
export interface KnownMeter {
  readonly template: MeterTemplate;
  readonly identity: MeterIdentity;
  readonly name: string;
  readonly id: string;
  /** The meter's own clock, ms since 1970 UTC. */
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

/** Three octets of the manufacturer, five that depend on the whole name: for meters that are given none. */
export function systemTitleOf(name: string): Uint8Array {
  let hash = 0xcbf29ce484222325n;
  for (const octet of fromAscii(name)) hash = ((hash ^ BigInt(octet)) * 0x100000001b3n) & 0xffffffffffffffffn;
  const title = new Uint8Array(8);
  title.set(fromAscii(name.slice(0, 3).padEnd(3, "-")));
  for (let at = 0; at < 5; at++) title[3 + at] = Number((hash >> BigInt(at * 8)) & 0xffn);
  return title;
}
