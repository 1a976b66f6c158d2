import { Fault } from "@dlmskit/core";
import type { Span } from "../../fleet/addresses.ts";
import { partOf, spanOf } from "../../fleet/shard.ts";
import type { EventReader } from "../events.ts";
import { type ControlPort, type MeterMethod, meterMethods } from "../port.ts";
import type { ListedMeter, Page } from "../states.ts";
import type { SharedTime, WorkerTold } from "./messages.ts";
import type { WorkerMethods } from "./worker-methods.ts";
import { type Asked, Workers, type WorkersOptions } from "./workers.ts";
import { WorkersFaults } from "./workers-faults.ts";
import { WorkersFleet } from "./workers-fleet.ts";
import { WorkersPower } from "./workers-power.ts";
import { WorkersSessions } from "./workers-sessions.ts";
import { WorkersSnapshots } from "./workers-snapshots.ts";
import { expectAll, WorkersTime } from "./workers-time.ts";

export interface WorkersControlOptions extends WorkersOptions {
  /** The meters of all workers. Each has one part of them (`spanOf`). */
  readonly served: Span;
  /** Whether all workers have one store. Otherwise each has its meters in its memory. */
  readonly shared: boolean;
  /** The zone of the meters' local time. */
  readonly zoneMinutesEast: number;
  /** The clock that all processes share, ms. */
  readonly clock: () => number;
  /** The time that the workers begin with. */
  readonly time: SharedTime;
}

/**
 * One control for several workers, for the process that started them. What concerns one meter is asked of the worker that has it, figures
 * are added up, and time, faults and the power of feeders go to all workers.
 */
export class WorkersControl {
  /** What `serveControl` serves. */
  readonly port: ControlPort;
  readonly #options: WorkersControlOptions;
  readonly #workers: Workers;
  readonly #time: WorkersTime;
  readonly #faults: WorkersFaults;
  readonly #fleet: WorkersFleet;
  readonly #power: WorkersPower;
  readonly #sessions: WorkersSessions;
  readonly #snapshots: WorkersSnapshots;
  readonly #readers = new Set<EventReader>();
  readonly #known = new Set<number>();

  constructor(options: WorkersControlOptions) {
    const { shared, clock, time, served, of } = options;
    this.#options = options;
    const workers = new Workers(options);
    this.#workers = workers;
    this.#time = new WorkersTime(workers, clock, time);
    this.#faults = new WorkersFaults(workers);
    this.#fleet = new WorkersFleet(workers, shared);
    this.#power = new WorkersPower({ workers, shared, spanOf: (index) => spanOf(served, { index, of }) });
    this.#sessions = new WorkersSessions(workers, shared, (serial) => this.#ownerOf(serial));
    this.#snapshots = new WorkersSnapshots({
      ...{ workers, time: this.#time, shared },
      dark: () => this.#power.dark,
      restored: (dark) => dark && this.#power.restored(dark),
    });
    this.port = this.#made();
  }

  /** The time that a worker begins with. */
  get time(): SharedTime {
    return this.#time.shared;
  }

  /**
   * A worker is ready, and will listen when this resolves. One that took another one's place, or was started later than the others, gets the
   * time, the faults and the power cuts first. A Fault that it meets is given to `failed`.
   */
  async started(worker: number, failed: (fault: Fault) => void): Promise<void> {
    const again = this.#known.has(worker);
    this.#known.add(worker);
    this.#workers.started(worker);
    const steps = [
      this.#workers.tell(worker, "align", this.#time.shared),
      ...(this.#readers.size > 0 ? [this.#workers.tell(worker, "watchEvents", true)] : []),
      this.#power.again(worker),
      ...(again || this.#faults.changed ? [this.#faults.again(worker)] : []),
    ];
    for (const { reason } of (await Promise.allSettled(steps)).filter((step) => step.status === "rejected")) {
      if (!(reason instanceof Fault)) throw reason;
      failed(reason);
    }
  }

  /** A worker has ended. Another one takes its place. */
  ended(worker: number): void {
    this.#workers.ended(worker);
    this.#fleet.ended(worker);
    this.#sessions.replaced(worker);
    this.#snapshots.ended(worker).catch(() => undefined);
  }

  /** All workers are about to end. Requests that wait for one, and all later ones, reject with Fault `worker-unavailable`. */
  stop(): void {
    this.#workers.stop();
  }

  /** A worker told something. */
  heard(worker: number, told: WorkerTold): void {
    this.#workers.heard(worker, told);
    for (const reader of this.#readers) {
      if ("event" in told) reader.event(() => told.event);
      if ("skipped" in told) reader.skipped(told.skipped);
    }
  }

  #made(): ControlPort {
    const any = this.#workers;
    const ofMeter = meterMethods.map((method) => [
      method,
      (serial: string, ...args: unknown[]) => this.#ofMeter(method, serial, args),
    ]);
    const single = Object.fromEntries(ofMeter) as Pick<ControlPort, MeterMethod>;
    return {
      ...single,
      meterCount: this.#options.served.meters,
      zoneMinutesEast: this.#options.zoneMinutesEast,
      listen: (reader) => this.#listen(reader),
      power: async (serial, on) => {
        await single.power(serial, on);
        await this.#power.switched({ first: await any.askAny("locate", serial), meters: 1 }, on);
      },
      apdus: (serial) => (this.#options.shared ? this.#sharedApdus(serial) : single.apdus(serial)),
      fleet: () => this.#fleet.state(this.#time.state()),
      meters: (page) => this.#meters(page),
      feeders: (page) => any.askAny("feeders", page),
      feederPower: (name, on) => this.#power.feeder(name, on),
      sessions: (options = {}) => this.#sessions.list(options),
      endSession: (id) => this.#sessions.end(id),
      faults: () => any.askAny("faults"),
      setFaults: (file) => this.#faults.set(file),
      switchFault: (name, on) => this.#faults.switch(name, on),
      faultKinds: () => any.askAny("faultKinds"),
      time: () => this.#time.state(),
      setTime: (to) => this.#time.set(to),
      step: (to) => this.#time.step(to),
      snapshots: () => this.#snapshots.list(),
      snapshot: () => this.#snapshots.take(),
      restore: async (id) => {
        const taken = await this.#snapshots.restore(id);
        await this.#faults.restored();
        return taken;
      },
      removeSnapshot: (id) => this.#snapshots.remove(id),
    };
  }

  /** Asks the worker that has a meter. On a shared store it may be another one while clients use the meter. */
  async #ofMeter<M extends MeterMethod>(method: M, serial: string, args: readonly unknown[]): Promise<Asked<M>> {
    const workers = this.#workers;
    const all = [serial, ...args] as unknown as Parameters<WorkerMethods[M]>;
    const ask = (worker: number): Promise<Asked<M>> => workers.ask(worker, method, ...all);
    const owner = await this.#ownerOf(serial);
    try {
      return await ask(owner);
    } catch (error) {
      if (!isHeld(error)) throw error;
      for (const worker of workers.up) {
        if (worker === owner) continue;
        try {
          return await ask(worker);
        } catch (other) {
          if (!isHeld(other)) throw other;
        }
      }
      throw error;
    }
  }

  async #ownerOf(serial: string): Promise<number> {
    return this.#partOf(await this.#workers.askAny("locate", serial));
  }

  #partOf(index: number): number {
    return partOf(this.#options.served, this.#options.of, index);
  }

  /** Every worker knows every meter, and its own sessions. Fault `worker-unavailable`: one of the meters belongs to such a worker. */
  async #meters(page: Page): Promise<readonly ListedMeter[]> {
    const { answers, faults } = await this.#workers.askAll("meters", page);
    const [first] = answers;
    if (first === undefined) return this.#workers.askAny("meters", page);
    const owners = new Set(first.result.map(({ index }) => this.#partOf(index)));
    expectAll({ faults: faults.filter(({ worker }) => owners.has(worker)) });
    const missing = [...owners].find((worker) => !answers.some((answer) => answer.worker === worker));
    if (missing !== undefined) await this.#workers.ask(missing, "ping");
    return first.result.map((meter, at) => ({
      ...meter,
      sessions: answers.reduce((sum, { result }) => sum + (result[at]?.sessions ?? 0), 0),
    }));
  }

  /** Any worker may serve the meter. */
  async #sharedApdus(serial: string): Promise<Asked<"apdus">> {
    const told = await this.#workers.askAll("apdus", serial);
    if (told.answers.length === 0) expectAll(told);
    return told.answers.flatMap(({ result }) => result).sort((one, other) => one.at - other.at);
  }

  #listen(reader: EventReader): () => void {
    const tell = (on: boolean): void => void this.#workers.tellAll("watchEvents", on);
    this.#readers.add(reader);
    if (this.#readers.size === 1) tell(true);
    return () => {
      if (this.#readers.delete(reader) && this.#readers.size === 0) tell(false);
    };
  }
}

const isHeld = (error: unknown): boolean => error instanceof Fault && error.code === "meter-held";
