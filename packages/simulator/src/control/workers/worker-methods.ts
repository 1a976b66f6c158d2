import type { Span } from "../../fleet/addresses.ts";
import type { Control } from "../control.ts";
import { EventLimit, eventInterval } from "../events.ts";
import { fleetMethods, meterMethods } from "../port.ts";
import { switchMeters } from "../power.ts";
import type { ListedSession, SessionsOptions } from "../sessions.ts";
import { type FaultJson, faultJson, type SharedTime, timeAt, type WorkerTold } from "./messages.ts";

/** Meters of a worker that were switched. */
export interface WorkerSwitched {
  readonly meters: number;
  readonly failed: number;
  readonly failures: readonly { readonly serial: string; readonly fault: FaultJson }[];
  /** Those that another worker has. They are not among those that failed. */
  readonly held: readonly { readonly index: number; readonly serial: string; readonly fault: FaultJson }[];
}

/** A place in the list of the sessions of all workers: before a time, or at that time with a lower id. */
export interface SessionsBefore {
  /** ISO 8601. */
  readonly time: string;
  readonly id: number;
}

/** Sessions that are read at once. */
const chunk = 1000;

async function sessionsBefore(
  control: Control,
  { count = chunk, ...options }: SessionsOptions & { readonly serial?: string },
  to: SessionsBefore,
): Promise<readonly ListedSession[]> {
  const found: ListedSession[] = [];
  for (let before: number | undefined; ; ) {
    const rows = await control.sessions({ ...options, count: chunk, ...(before === undefined ? {} : { before }) });
    const wanted = rows.filter(
      ({ connectionTime, id }) => connectionTime < to.time || (connectionTime === to.time && id < to.id),
    );
    found.unshift(...wanted);
    if (found.length >= count || rows.length < chunk) return found.slice(-count);
    before = rows[0]?.id;
  }
}

export interface WorkerPort {
  /** The clock that all processes share, ms. */
  readonly clock: () => number;
  readonly tell: (told: WorkerTold) => void;
}

/** What the first process can ask of a worker: the methods of its control, and those that only several workers need. */
export function workerMethods(control: Control, { clock, tell }: WorkerPort) {
  const { simulator } = control;
  const { time, snapshots, store } = simulator;
  let listening: (() => void) | undefined;
  // One at a time: otherwise the end of a cut could overtake its begin.
  let switching: Promise<unknown> = Promise.resolve();

  const setTime = (to: SharedTime): void => {
    time.setRate(to.rate);
    time.set(timeAt(to, clock()));
  };

  async function switched(span: Span, on: boolean): Promise<WorkerSwitched> {
    const { failures, held, ...counts } = await switchMeters(simulator, span, on);
    return {
      ...counts,
      failures: failures.map(({ serial, fault }) => ({ serial, fault: faultJson(fault) })),
      held: held.map(({ fault, ...meter }) => ({ ...meter, fault: faultJson(fault) })),
    };
  }

  return {
    ...controlMethods(control),
    ping: (): true => true,
    locate: (serial: string): number => control.indexOf(serial),
    feeder: (name: string) => control.feeder(name),
    switchMeters(span: Span, on: boolean): Promise<WorkerSwitched> {
      const begin = (): Promise<WorkerSwitched> => switched(span, on);
      const running = switching.then(begin, begin);
      switching = running.catch(() => undefined);
      return running;
    },
    /** Another process has restored the power of meters: this one must not take them for dark. */
    async lookAgain({ first, meters }: Span): Promise<void> {
      for (let index = first; index < first + meters; index++) {
        if (!simulator.meter(index).powered) await simulator.using(index, () => undefined).catch(() => undefined);
      }
    },
    freeze: (): void => time.setRate(0),
    align: setTime,
    async stepTogether(to: SharedTime): Promise<void> {
      time.setRate(to.rate);
      await time.step(Math.max(time.now, timeAt(to, clock())));
    },
    takeSnapshot: (ran: number) => snapshots.take(ran),
    restoreSnapshot: (id: number) => snapshots.restore(id, 0),
    followSnapshot: (id: number): Promise<void> => snapshots.follow(id, 0),
    quiet: (): Promise<void> => snapshots.quiet(),
    sessionsBefore: (options: SessionsOptions & { readonly serial?: string }, to: SessionsBefore) =>
      sessionsBefore(control, options, to),
    /** When a session began, ISO 8601; undefined: there is no such session. */
    async sessionTime(id: number): Promise<string | undefined> {
      const [row] = await store.connections.list({ id, status: ["ACTIVE", "IDLE", "DISCONNECTED"] });
      return row && new Date(row.connectionTime).toISOString();
    },
    /** Tells events from now on, or no longer. */
    watchEvents(on: boolean): void {
      listening?.();
      listening = undefined;
      if (!on) return;
      const limit = new EventLimit();
      const timer = setInterval(() => {
        const skipped = limit.next();
        if (skipped > 0) tell({ skipped });
      }, eventInterval);
      timer.unref();
      const stop = control.listen({
        event: (json) => {
          if (limit.admits()) tell({ event: json() });
        },
        skipped: (count) => limit.skip(count),
      });
      listening = () => {
        clearInterval(timer);
        stop();
      };
    },
  };
}

export type WorkerMethods = ReturnType<typeof workerMethods>;

type ControlMethods = Pick<Control, (typeof meterMethods | typeof fleetMethods)[number]>;

function controlMethods(control: Control): ControlMethods {
  const named = [...meterMethods, ...fleetMethods].map((name) => [name, control[name].bind(control)]);
  return Object.fromEntries(named) as ControlMethods;
}
