import { Fault } from "@dlmskit/core";
import type { Meter, Server, ServerEvent, SimulatedTime } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Span } from "../fleet/addresses.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { EventEntries } from "./event-entries.ts";
import type { FaultSet } from "./fault-set.ts";
import { PowerCuts } from "./power-cuts.ts";

/** Entries of a log in which the last one of an event is looked for. */
const latest = 100;

/** Runs the power cuts and the events of faults together with everything else that is due. */
export function runFaults(of: {
  readonly template: SimulatorTemplate;
  readonly faults: FaultSet;
  readonly fleet: Fleet;
  /** The meters that this process runs. */
  readonly own: Span;
  readonly server: Server;
  readonly time: SimulatedTime;
  /** The start of the simulated time, ms since 1970 UTC; now by default. */
  readonly start: number | undefined;
  /** The store of meters that another process may have run before. */
  readonly store: Pick<Store, "events"> | undefined;
  readonly using: (index: number, run: (meter: Meter) => Promise<void>) => Promise<void>;
  readonly events: ((event: ServerEvent) => void) | undefined;
}): void {
  const { template, faults, fleet, own, server, time, store, using, events } = of;
  // The time may have gone on since its start, and it may have been set to another one.
  const start = Math.min(of.start ?? time.now, time.now);
  const common = (what: string) => ({
    ...{ faults, span: own, using, start },
    now: () => time.now,
    failed: (index: number, error: unknown) =>
      events?.({ type: "store-failed", meter: fleet.meterId(index), what, error }),
  });
  const cuts: PowerCuts = new PowerCuts({
    ...common("a power cut"),
    resumes: store !== undefined,
    changed: () => server.run(cuts),
  });
  const entries: EventEntries = new EventEntries({
    ...common("an event"),
    template,
    ...(store && {
      written: (index: number, log: string) =>
        store.events.list({ meterId: fleet.meterId(index), instanceId: log, limit: latest }),
    }),
    changed: () => server.run(entries),
  });
  server.run(cuts);
  server.run(entries);
}

/** Explains the behaviour of a meter. Fault `out-of-range`: there is no such meter. */
export function explained(fleet: Fleet, faults: FaultSet | undefined, meter: number | string) {
  const index = typeof meter === "number" ? meter : (fleet.indexOfMeterId(meter) ?? fleet.indexOf(meter));
  if (index === undefined) {
    throw new Fault("out-of-range", `there is no meter ${JSON.stringify(meter)}`, {
      layer: "simulator",
      hint: "give its index, its meter id or its serial number",
    });
  }
  return {
    ...{ index, meterId: fleet.meterId(index), serial: fleet.serial(index) },
    faults: faults?.explain(index) ?? [],
  };
}
