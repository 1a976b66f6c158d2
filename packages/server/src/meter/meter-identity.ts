import type { LogicalName } from "@dlmskit/core";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { TakenMeter } from "@dlmskit/storage";
import type { Secrets } from "../security/security-spec.ts";
import type { MeterTemplate } from "./meter-template.ts";

/** Who one meter is, and what is its own. */
export interface MeterIdentity {
  /** Logical device name of the management logical device: 1 to 16 characters, the first three the manufacturer's. */
  readonly name: string;
  /** What a store knows it by: the name unless told otherwise. */
  readonly id?: string;
  readonly serial?: string;
  /** 8 octets; made from the name unless told otherwise. */
  readonly systemTitle?: Uint8Array;
  /** By association name, or asked for when an association is opened; they go before those of the template. */
  readonly secrets?:
    | { readonly [association: string]: Secrets }
    | ((association: { readonly name: string; readonly client: number; readonly instance: LogicalName }) => Secrets);
  /** Whatever the hooks need of this meter: they find it as `context.own`. */
  readonly own?: unknown;
  /** The first invocation counter where there is no store; from the machine's clock unless told otherwise. */
  readonly firstCounter?: number;
  /** What a store keeps of a simulated meter's origin: seed, template and commissioning. */
  readonly origin?: {
    readonly seed: string;
    readonly template: string;
    /** ms since 1970 UTC. */
    readonly commissionedAt: number;
    /** From when on the meter does what it does by itself, where it never did: ms since 1970 UTC; when it is first used unless told otherwise. */
    readonly ranFrom?: number;
  };
  /**
   * Who the meter is by what a store has of it: asked each time that the meter is taken from the store, before anything of it is
   * used. What it throws keeps the meter from being used. The meter stays who this object says unless given.
   */
  readonly taken?: (taken: TakenMeter) => MaybePromise<MeterIdentity>;
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
