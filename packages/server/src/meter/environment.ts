import type { MaybePromise } from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import type { Message } from "@dlmskit/storage";
import type { Clock, Duplex } from "@dlmskit/transport";
import type { Call, Outcome } from "../access/call.ts";
import { perform } from "../access/perform.ts";
import type { Metrics } from "../metrics.ts";
import { platformRandom } from "../platform-random.ts";
import { Agenda } from "../runtime/agenda.ts";
import { HookLimit } from "../runtime/hook-limit.ts";
import { SimulatedTime } from "../runtime/simulated-time.ts";
import type { RowWriter } from "../session/row-writer.ts";
import type { MeterStore } from "../store-port.ts";
import type { KnownMeter } from "./meter-identity.ts";

/** What a server gives to its meters. */
export interface Environment {
  readonly clock: Clock;
  readonly time: SimulatedTime;
  readonly agenda: Agenda;
  /** How long hooks and tasks may take. */
  readonly hooks: HookLimit;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly store: MeterStore | undefined;
  readonly held: HeldPolicy;
  /** Writes the rows of connections; undefined: without a store. */
  readonly connectionRows: RowWriter | undefined;
  /** Counts what is done; undefined: nobody wants to know. */
  readonly metrics: Metrics | undefined;
  /** The meters that this process has now, by id. */
  readonly taken: Map<string, KnownMeter>;
  /** The way of a call: interceptors, rights, object. */
  reach(call: Call): MaybePromise<Outcome>;
  /** A hook, a task or an interceptor threw. */
  failed(meter: KnownMeter, what: string, error: unknown): void;
  storeFailed(meter: KnownMeter, what: string, error: unknown): void;
  /** A meter notifies: with a store the messages are in its queue already. */
  notified(meter: KnownMeter, messages: readonly Message[]): void;
  /** A client has opened an association with a logical device of the meter. */
  associated(meter: KnownMeter, client: number): void;
  /** The power of a meter was cut, or is there again. */
  powerChanged(meter: KnownMeter, on: boolean): void;
  /** Another process has taken the meter. */
  lost(meter: KnownMeter): void;
}

/** What happens to a client whose meter another process has at the moment. */
export interface HeldPolicy {
  /**
   * `wait`: until that process lets go, at most `heldFor` ms; `refuse`: the connection is closed at once; `forward`: its requests
   * go to that process and the answers come back, where that process says where it is reached (`StoreOptions.address`, the
   * address of its `relay` listener). Where it cannot be reached, the client waits as with `wait`.
   */
  readonly whenHeld: "wait" | "refuse" | "forward";
  /** ms. */
  readonly heldFor: number;
  /** Opens a connection to the `relay` listener at an address: TCP to `host:port` by default (`serve`). */
  readonly dial?: (address: string) => Promise<Duplex>;
}

export const defaultHeld: HeldPolicy = { whenHeld: "wait", heldFor: 5000 };

// A meter that no server has taken yet: read and written by the program alone.
const noClock: Clock = {
  now: () => 0,
  at: () => () => undefined,
};

/** The environment of a meter that stands alone: the machine's time of day, no store, nothing happens by itself. */
export function standingAlone(): Environment {
  const time = new SimulatedTime({ source: Date.now });
  return {
    clock: noClock,
    time,
    agenda: new Agenda(noClock, time),
    hooks: new HookLimit(noClock, 0),
    provider: noble,
    random: platformRandom,
    store: undefined,
    connectionRows: undefined,
    metrics: undefined,
    held: defaultHeld,
    taken: new Map(),
    reach: (call) => perform(call, () => true),
    failed: () => undefined,
    storeFailed: () => undefined,
    notified: () => undefined,
    associated: () => undefined,
    powerChanged: () => undefined,
    lost: () => undefined,
  };
}
