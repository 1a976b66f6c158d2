import { Fault } from "@dlmskit/core";
import type { Server, SimulatedTime } from "@dlmskit/server";
import type { Snapshot, Store, Stored } from "@dlmskit/storage";
import { z } from "zod";
import type { FaultSet } from "../faults/fault-set.ts";
import { faultsToJson, parseFaults } from "../faults/faults-file.ts";

/** A snapshot of all meters of a simulator. */
export interface TakenSnapshot {
  readonly id: number;
  /** When it was taken, ms since 1970 UTC of the machine. */
  readonly takenAt: number;
  /** The simulated time of day at that moment, ms since 1970 UTC. */
  readonly now: number;
  readonly speed: number;
}

export interface SnapshotsPort {
  readonly store: Pick<Store, "snapshots">;
  readonly template: string;
  readonly time: SimulatedTime;
  readonly server: Pick<Server, "sessions" | "end">;
  readonly faults: FaultSet | undefined;
  instant(): number;
  /** Resolves when the meter has kept everything that it does. */
  settled(meterId: string): Promise<void>;
  /** Called when meters and time are those of the snapshot. */
  restored(): Promise<void>;
}

/** Number of snapshots of one template that are kept. */
const mostSnapshots = 32;

const kept = z.object({ now: z.number(), speed: z.number().min(0), faults: z.unknown() });

/** Takes snapshots of the meters of a simulator, and restores them. One at a time. */
export class SimulatorSnapshots {
  readonly #port: SnapshotsPort;
  #last: Promise<unknown> = Promise.resolve();

  constructor(port: SnapshotsPort) {
    this.#port = port;
  }

  /** The simulated time stands still meanwhile. `ran`: the speed that is kept; that of the time by default. Faults `too-many-snapshots` and those of the store. */
  take(ran?: number): Promise<TakenSnapshot> {
    return this.#alone(async (speed) => {
      const { store, template, time, faults, instant } = this.#port;
      if ((await this.list()).length >= mostSnapshots) {
        throw new Fault("too-many-snapshots", `there are ${mostSnapshots} snapshots of the template ${template}`, {
          layer: "simulator",
          hint: "remove one",
        });
      }
      const state = { now: time.now, speed: ran ?? speed, ...(faults && { faults: faultsToJson(faults.file) }) };
      return shown(await store.snapshots.take({ template, takenAt: instant(), state: JSON.stringify(state) }));
    });
  }

  async list(): Promise<readonly TakenSnapshot[]> {
    const { store, template } = this.#port;
    return (await store.snapshots.list(template)).map(shown);
  }

  /**
   * Ends all associations first. `next`: the speed afterwards; that of the snapshot by default. Faults `no-snapshot` and those of the store:
   * then the meters are as before.
   */
  restore(id: number, next?: number): Promise<TakenSnapshot> {
    return this.#alone(
      async () => {
        const { store } = this.#port;
        if (!(await this.list()).some((one) => one.id === id)) throw noSuch(id);
        await this.quiet();
        const row = await store.snapshots.restore(id);
        await this.#adopt(row);
        return shown(row);
      },
      ({ speed }) => next ?? speed,
    );
  }

  /** Ends all associations, and waits until their meters have kept everything. */
  async quiet(): Promise<void> {
    const { server, settled } = this.#port;
    const meters = new Set(server.sessions.map(({ meterId }) => meterId));
    server.end(() => true);
    await Promise.all([...meters].map(settled));
  }

  /** Another process has restored a snapshot of the store that both share. `next`: the speed afterwards. Fault `no-snapshot`. */
  follow(id: number, next: number): Promise<void> {
    return this.#alone(
      async () => {
        const { store, template } = this.#port;
        const row = (await store.snapshots.list(template)).find((one) => one.id === id);
        if (row === undefined) throw noSuch(id);
        await this.#adopt(row);
      },
      () => next,
    );
  }

  /** Takes the time and the faults of a snapshot, after the store has put the meters back. */
  async #adopt(row: Stored<Snapshot>): Promise<void> {
    const { time, faults, restored } = this.#port;
    const state = stateOf(row);
    time.set(state.now);
    await restored();
    if (faults !== undefined && state.faults !== undefined) faults.replace(parseFaults(state.faults));
  }

  async remove(id: number): Promise<void> {
    const { store } = this.#port;
    if (!(await this.list()).some((one) => one.id === id) || !(await store.snapshots.remove(id))) throw noSuch(id);
  }

  /** Runs one operation after the others, while the time stands still. `after`: the speed after it succeeded. */
  #alone<T>(run: (speed: number) => Promise<T>, after?: (result: T) => number): Promise<T> {
    const begin = async (): Promise<T> => {
      const { time } = this.#port;
      const speed = time.rate;
      time.setRate(0);
      let next = speed;
      try {
        const result = await run(speed);
        next = after?.(result) ?? speed;
        return result;
      } finally {
        time.setRate(next);
      }
    };
    const running = this.#last.then(begin, begin);
    this.#last = running.catch(() => undefined);
    return running;
  }
}

function stateOf({ id, state }: Stored<Snapshot>): z.output<typeof kept> {
  const parsed = kept.safeParse(JSON.parse(state));
  if (parsed.success) return parsed.data;
  throw new Fault("bad-row", `snapshot ${id} was not taken by a simulator`, { layer: "simulator" });
}

function shown(row: Stored<Snapshot>): TakenSnapshot {
  const { now, speed } = stateOf(row);
  return { id: row.id, takenAt: row.takenAt, now, speed };
}

const noSuch = (id: number): Fault =>
  new Fault("no-snapshot", `these meters have no snapshot ${id}`, { layer: "simulator", hint: "list the snapshots" });
