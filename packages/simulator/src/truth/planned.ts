import { noble } from "@dlmskit/security";
import type { EventRecord } from "@dlmskit/storage";
import { eventCodes } from "../faults/event-codes.ts";
import { faultKind } from "../faults/fault-kinds.ts";
import { FaultSet } from "../faults/fault-set.ts";
import type { FaultSpec, FaultsFile } from "../faults/faults-file.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { NoticedEntry } from "../meter/conditions.ts";
import { outageLog, spansOf } from "../meter/journal.ts";
import { noPast, type Past } from "../meter/past.ts";
import type { SimulatorTemplate } from "../templates/template.ts";

/** The faults of a simulator whose store is gone, and the time at which it started, ms since 1970 UTC. */
export interface PlannedFaults {
  readonly faults: FaultsFile;
  readonly from: number;
}

/** What the faults of a simulator do to its meters in the course of time: entries of logs, and cuts of the power. */
export class Planned {
  readonly #template: SimulatorTemplate;
  readonly #from: number;
  readonly #set: FaultSet;

  /** Fault `bad-faults-file`: a serial number does not belong to the fleet. */
  constructor(template: SimulatorTemplate, fleet: Fleet, { faults, from }: PlannedFaults) {
    this.#template = template;
    this.#from = Math.ceil(from);
    this.#set = new FaultSet({ fleet, time: { now: from }, provider: noble }, faults);
  }

  /** The faults of a meter that are switched on, and when they begin. */
  *#of(index: number): Generator<{ readonly spec: FaultSpec; readonly start: number }> {
    for (const spec of this.#set.file.faults) {
      const start = Math.max(spec.start ?? this.#from, this.#from);
      if (!spec.on || (spec.end !== undefined && start >= spec.end) || !this.#set.isOf(spec, index)) continue;
      yield { spec, start };
    }
  }

  past(index: number): Past {
    const noticed: NoticedEntry[] = [];
    const switches: { at: number; code: number }[] = [];
    for (const { spec, start } of this.#of(index)) {
      const { event, power } = faultKind(spec.fault);
      const told = event?.(spec.parameters);
      const codes = told && eventCodes(this.#template, told);
      const down = power?.(spec.parameters);
      if (codes !== undefined) {
        noticed.push({ log: codes.log, code: codes.occurrence, at: start });
        if (spec.end !== undefined && codes.restoration !== undefined) {
          noticed.push({ log: codes.log, code: codes.restoration, at: spec.end });
        }
      }
      if (down !== undefined) {
        const { opened, closed } = outageLog;
        switches.push({ at: start, code: opened }, { at: Math.floor(start + down), code: closed });
      }
    }
    const inTime = (one: { readonly at: number }, other: { readonly at: number }): number => one.at - other.at;
    return { ...noPast, noticed: noticed.sort(inTime), outages: spansOf(switches.sort(inTime), outageLog) };
  }
}

/** The entries of a log of a meter, as a store has them. */
export const plannedEntries = (meterId: string, { noticed }: Past, log: string): readonly EventRecord[] =>
  noticed
    .filter((entry) => entry.log === log)
    .map(({ at, code }) => ({ meterId, instanceId: log, at, code, encoded: new Uint8Array(0) }));
