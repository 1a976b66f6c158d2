import { dialRelay, type Meter, type MeterStore, type ServerOptions } from "@dlmskit/server";
import type { ClientAssociation, Store, Stored } from "@dlmskit/storage";
import type { Span } from "../fleet/addresses.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { partOf, type Shard } from "../fleet/shard.ts";
import { serverStore } from "./recorder.ts";

/**
 * One of several processes that listen on the same ports. Each process may get a connection for any meter of them. A session of a meter
 * that another process has is forwarded to that process.
 */
export interface WorkerOptions extends Shard {
  /** `host:port` where a worker takes over sessions (`server.acceptRelayed`), by its number from 0; undefined: it is not ready yet. */
  addressOf(index: number): string | undefined;
}

/**
 * The store of a worker whose meters are in its memory: the meters of other workers are held there. Stores that several processes share
 * know this by themselves.
 */
function dividedStore(
  store: MeterStore,
  { fleet, served }: Pick<ServerStoreOptions, "fleet" | "served">,
  worker: WorkerOptions,
): MeterStore {
  const { keeping } = store;
  return {
    ...store,
    keeping: {
      ...keeping,
      async take(meterId, ...rest) {
        const index = fleet.indexOfMeterId(meterId);
        const owner = index === undefined ? worker.index : partOf(served, worker.of, index);
        if (owner === worker.index) return keeping.take(meterId, ...rest);
        return { taken: false, address: worker.addressOf(owner) };
      },
    },
  };
}

export interface ServerStoreOptions {
  readonly fleet: Fleet;
  readonly served: Span;
  readonly worker: WorkerOptions | undefined;
  readonly associations: () => readonly Stored<ClientAssociation>[];
  meter(index: number): Meter;
}

/** The store for the server of a simulator, and what the server does with sessions of meters that another process has. */
export function storeOf(store: Store, options: ServerStoreOptions): Pick<ServerOptions, "store" | "held"> {
  const { fleet, served, worker, associations, meter } = options;
  const kept = serverStore(store, associations);
  if (worker === undefined) return { store: kept };
  const held = { whenHeld: "forward", dial: dialRelay } as const;
  if (store.kind !== "memory") return { store: kept, held };
  const own = (meterId: string): Meter | undefined => {
    const index = fleet.indexOfMeterId(meterId);
    return index !== undefined && partOf(served, worker.of, index) === worker.index ? meter(index) : undefined;
  };
  return { store: dividedStore(kept, options, worker), held: { ...held, own } };
}
