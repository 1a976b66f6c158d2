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

/** The interface of a server for its meters. */
export interface Environment {
  readonly clock: Clock;
  readonly time: SimulatedTime;
  readonly agenda: Agenda;
  /** Limits the time of hooks and tasks. */
  readonly hooks: HookLimit;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly store: MeterStore | undefined;
  readonly held: HeldPolicy;
  /** Writes the rows of connections; undefined: without a store. */
  readonly connectionRows: RowWriter | undefined;
  /** Counts what the server does; undefined: nothing is counted. */
  readonly metrics: Metrics | undefined;
  /** The meters that this process has now, by id. */
  readonly taken: Map<string, KnownMeter>;
  /** Passes a call through the interceptors and access rights to the object. */
  reach(call: Call): MaybePromise<Outcome>;
  /** Called when a hook, a task or an interceptor has thrown an error. */
  failed(meter: KnownMeter, what: string, error: unknown): void;
  storeFailed(meter: KnownMeter, what: string, error: unknown): void;
  /** Called when a meter sends notifications. With a store, the messages are already in its queue. */
  notified(meter: KnownMeter, messages: readonly Message[]): void;
  /** Called when a client has opened an association with a logical device of the meter. */
  associated(meter: KnownMeter, client: number): void;
  /** Called when the power of a meter was cut or restored. */
  powerChanged(meter: KnownMeter, on: boolean): void;
  /** Called when another process has taken the meter. */
  lost(meter: KnownMeter): void;
}

/** What happens to a client if another process has its meter. */
export interface HeldPolicy {
  /**
   * `wait`: the client waits until that process releases the meter, at most `heldFor` ms. `refuse`: the connection is closed at once.
   * `forward`: requests are sent to that process and its answers are returned, if that process gives an address
   * (`StoreOptions.address`, the address of its `relay` listener). If it cannot be reached, the client waits as with `wait`.
   */
  readonly whenHeld: "wait" | "refuse" | "forward";
  /** The maximum waiting time, ms. */
  readonly heldFor: number;
  /**
   * The meters that are always served here, by their ids: another process may hand over their sessions before this process has loaded the
   * meter. For processes that divide meters without a common database. By default only meters that are loaded here are taken over.
   */
  readonly own?: (meterId: string) => KnownMeter | undefined;
  /** Opens a connection to the `relay` listener at an address: TCP to `host:port` by default (`serve`). */
  readonly dial?: (address: string) => Promise<Duplex>;
}

export const defaultHeld: HeldPolicy = { whenHeld: "wait", heldFor: 5000 };

// For a meter that no server has taken yet: only the program reads and writes it.
const noClock: Clock = {
  now: () => 0,
  at: () => () => undefined,
};

/** The environment of a meter without a server: the time of day of the machine, no store and no timed actions. */
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
