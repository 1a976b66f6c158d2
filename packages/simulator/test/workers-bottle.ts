import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";
import { WorkerControl, WorkersControl } from "../src/control.ts";
import type { SimulatorOptions } from "../src/index.ts";
import { now0 } from "./bottle.ts";
import { controlled } from "./controlled.ts";

type Own = Awaited<ReturnType<typeof controlled>>;

interface Options extends SimulatorOptions {
  readonly of?: number;
  /** How many of them are started at once; all by default. */
  readonly begun?: number;
  readonly meters?: number;
  /** All workers have one store. */
  readonly shared?: boolean;
}

const overChannel = <T>(message: T): T => JSON.parse(JSON.stringify(message)) as T;

/** A memory store as one of several processes on a database. */
async function sharedStore(state: MemoryState, address: string): Promise<Store> {
  const store = await openMemoryStore({ address }, state);
  return Object.create(store, { kind: { value: "postgres" } });
}

/** Several workers with their meters in virtual time, and the one control for all of them. */
export async function inWorkers({ of = 2, begun = of, meters = 4, shared = false, ...options }: Options = {}) {
  const clock = new VirtualClock({ epoch: now0 });
  /** What the control waits for is over only if a test says so. */
  const waits = new VirtualClock();
  const state = new MemoryState();
  const owns: Own[] = [];
  const ends: (WorkerControl | undefined)[] = [];
  const calls: string[] = [];
  const suspended = new Map<number, (() => void)[]>();
  const begin = { at: clock.now(), now: options.start ?? now0, rate: options.speed ?? 1 };
  let latency = 0;

  const control = new WorkersControl({
    ...{ of, served: { first: 0, meters }, shared, time: begin, clock: () => clock.now(), zoneMinutesEast: 0 },
    after: (ms, run) => waits.at(waits.now() + ms, run),
    post(worker, call) {
      const end = ends[worker];
      calls.push(call.method);
      const deliver = (): void => {
        // The message to each worker takes longer than to the one before.
        clock.advance(latency);
        void end?.call(overChannel(call));
      };
      const waiting = suspended.get(worker);
      if (waiting === undefined) queueMicrotask(deliver);
      else waiting.push(deliver);
    },
  });

  async function start(index: number): Promise<void> {
    const store = shared ? { store: await sharedStore(state, `worker ${index}`) } : {};
    const worker = { index, of, addressOf: (at: number) => (shared ? `worker ${at}` : undefined) };
    const own = await controlled({ ...options, ...store, meters, clock, worker });
    owns[index] = own;
    const end: WorkerControl = new WorkerControl(own.control, {
      clock: () => clock.now(),
      tell: (told) => {
        if (ends[index] === end) control.heard(index, overChannel(told));
      },
    });
    ends[index] = end;
    await control.started(index, (fault) => {
      throw fault;
    });
  }
  for (let index = 0; index < begun; index++) await start(index);

  return {
    ...{ clock, control, port: control.port, owns, start },
    /** The methods that were called, of all workers. */
    calls,
    own: (index: number): Own => owns[index] as Own,
    serial: (index: number): string => (owns[0] as Own).simulator.fleet.serial(index),
    /** ms that each message to a worker takes. */
    slow: (ms: number): void => {
      latency = ms;
    },
    /** The worker takes no messages, until `resume`. */
    suspend: (index: number): void => void suspended.set(index, []),
    /** Resolves when a call waits for a suspended worker. */
    async called(index: number): Promise<void> {
      while (suspended.get(index)?.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    },
    /** The number of timers of the control. */
    timers: () => waits.waiting,
    /** So many ms of what the control waits for pass. */
    pass: (ms: number): void => waits.advance(ms),
    resume(index: number): void {
      const waiting = suspended.get(index) ?? [];
      suspended.delete(index);
      for (const deliver of waiting) deliver();
    },
    async replace(index: number): Promise<void> {
      ends[index] = undefined;
      control.ended(index);
      await start(index);
    },
    end(index: number): void {
      ends[index] = undefined;
      control.ended(index);
    },
    /** Waits for something while timers that are due run. */
    async meanwhile<T>(promise: PromiseLike<T> | T): Promise<T> {
      let over = false;
      const waited = Promise.resolve(promise).finally(() => {
        over = true;
      });
      waited.catch(() => undefined);
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        clock.advance(0);
      }
      return waited;
    },
    /** The simulated time in each worker at this moment. */
    times: (): number[] => owns.map(({ simulator }) => simulator.time.now),
  };
}
