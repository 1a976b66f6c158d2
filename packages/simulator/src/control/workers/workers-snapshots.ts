import { Fault } from "@dlmskit/core";
import type { TakenSnapshot } from "../../simulate/snapshots.ts";
import type { DarkMeters } from "./dark-meters.ts";
import { unavailable, type Workers } from "./workers.ts";
import { expectAll, type WorkersTime } from "./workers-time.ts";

export interface SnapshotsPort {
  readonly workers: Workers;
  readonly time: WorkersTime;
  /** Whether all workers have one store. */
  readonly shared: boolean;
  /** What the control has cut; what it had cut at a snapshot. */
  dark(): DarkMeters;
  restored(dark: DarkMeters | undefined): void;
}

/** A snapshot of workers with meters in memory: one of each of them. */
interface Parts extends TakenSnapshot {
  readonly parts: ReadonlyMap<number, number>;
  readonly dark: DarkMeters;
}

/** Snapshots of the meters of all workers, taken at one moment of simulated time. All workers must answer. */
export class WorkersSnapshots {
  readonly #port: SnapshotsPort;
  readonly #taken = new Map<number, Parts>();
  /** Snapshots that a worker took with it when it ended. */
  readonly #lost = new Map<number, number>();
  #last = 0;

  constructor(port: SnapshotsPort) {
    this.#port = port;
  }

  async list(): Promise<readonly TakenSnapshot[]> {
    if (this.#port.shared) return this.#port.workers.askAny("snapshots");
    return [...this.#taken.values()].map(shown);
  }

  /** A worker has ended. With its memory, its parts of the snapshots are gone. */
  async ended(worker: number): Promise<void> {
    if (this.#port.shared) return;
    const lost = [...this.#taken.values()];
    for (const { id } of lost) {
      this.#taken.delete(id);
      this.#lost.set(id, worker);
    }
    await Promise.all(lost.map(({ parts }) => this.#removeParts(parts)));
  }

  /** Faults `too-many-snapshots`, `worker-unavailable`. After a Fault there is no snapshot. */
  take(): Promise<TakenSnapshot> {
    const { workers, time, shared, dark } = this.#port;
    return time.frozen(async (speed) => {
      await this.#expectWorkers();
      if (shared) return workers.askAny("takeSnapshot", speed);
      const told = await workers.askAll("takeSnapshot", speed);
      const parts = new Map(told.answers.map(({ worker, result }) => [worker, result.id]));
      const [first] = told.answers;
      if (first === undefined || told.faults.length > 0 || parts.size < workers.of) {
        await this.#removeParts(parts);
        expectAll(told);
        throw unavailable(0, "is being started", "try again in a second");
      }
      const taken = { ...first.result, id: ++this.#last, parts, dark: dark() };
      this.#taken.set(taken.id, taken);
      return shown(taken);
    });
  }

  /** Faults `no-snapshot`, `worker-unavailable`: then nothing is restored, unless a worker ends meanwhile. */
  async restore(id: number): Promise<TakenSnapshot> {
    const { time, shared } = this.#port;
    const after = ({ now, speed }: TakenSnapshot) => ({ now, rate: speed });
    return time.frozen(async () => {
      await this.#expectWorkers();
      return shared ? this.#restoreShared(id) : this.#restoreParts(id);
    }, after);
  }

  /** Fault `no-snapshot`. */
  async remove(id: number): Promise<void> {
    if (this.#port.shared) return this.#port.workers.askAny("removeSnapshot", id);
    const { parts } = this.#partsOf(id);
    this.#taken.delete(id);
    await this.#removeParts(parts);
  }

  async #restoreShared(id: number): Promise<TakenSnapshot> {
    const { workers, restored } = this.#port;
    if (!(await this.list()).some((one) => one.id === id)) throw noSuch(id, undefined);
    const [first, ...others] = workers.up as [number, ...number[]];
    expectAll(await workers.askAll("quiet"));
    const taken = await workers.ask(first, "restoreSnapshot", id);
    restored(undefined);
    expectAll(await workers.each(others, (worker) => workers.ask(worker, "followSnapshot", id)));
    return taken;
  }

  async #restoreParts(id: number): Promise<TakenSnapshot> {
    const { workers, restored } = this.#port;
    const taken = this.#partsOf(id);
    restored(taken.dark);
    expectAll(
      await workers.each([...taken.parts.keys()], (worker) =>
        workers.ask(worker, "restoreSnapshot", taken.parts.get(worker) as number),
      ),
    );
    return shown(taken);
  }

  #partsOf(id: number): Parts {
    const found = this.#taken.get(id);
    if (found === undefined) throw noSuch(id, this.#lost.get(id));
    return found;
  }

  async #expectWorkers(): Promise<void> {
    const { workers } = this.#port;
    const all = Array.from({ length: workers.of }, (_, worker) => worker);
    expectAll(await workers.each(all, (worker) => workers.ask(worker, "ping")));
  }

  async #removeParts(parts: ReadonlyMap<number, number>): Promise<void> {
    const { workers } = this.#port;
    await workers.each([...parts.keys()], (worker) =>
      workers.tell(worker, "removeSnapshot", parts.get(worker) as number),
    );
  }
}

const shown = ({ id, takenAt, now, speed }: TakenSnapshot): TakenSnapshot => ({ id, takenAt, now, speed });

function noSuch(id: number, lostBy: number | undefined): Fault {
  if (lostBy === undefined) {
    return new Fault("no-snapshot", `these meters have no snapshot ${id}`, {
      layer: "simulator",
      hint: "list the snapshots",
    });
  }
  return new Fault("no-snapshot", `worker ${lostBy} has ended, and its part of snapshot ${id} with it`, {
    layer: "simulator",
    hint: "take another one; with --store postgres://… snapshots outlive a worker",
  });
}
