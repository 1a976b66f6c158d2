import { Fault } from "@dlmskit/core";
import type { Meter, Timed } from "@dlmskit/server";
import type { Span } from "../fleet/addresses.ts";
import { LoopTurns } from "../simulate/loop-turns.ts";
import { faultKind } from "./fault-kinds.ts";
import type { FaultSet } from "./fault-set.ts";
import type { FaultSpec } from "./faults-file.ts";

export interface PowerCutsOptions {
  readonly faults: FaultSet;
  /** The meters that this process runs. */
  readonly span: Span;
  now(): number;
  /** When faults without a start begin that are on from the beginning, ms since 1970 UTC. */
  readonly start: number;
  /** Whether another process may have run the meters before, and have done what was due until `start`. */
  readonly resumes?: boolean;
  using(index: number, run: (meter: Meter) => Promise<void>): Promise<void>;
  failed(index: number, error: unknown): void;
  /** The next due time has changed. */
  changed(): void;
}

interface Cut {
  readonly at: number;
  readonly on: boolean;
  readonly spec: FaultSpec;
  /** It was due before this process: a meter that has done something since then stays as it is. */
  readonly past?: boolean;
}

/** Switches the power of meters off when a fault requires it, and on again. */
export class PowerCuts implements Timed {
  readonly #options: PowerCutsOptions;
  #cuts: Cut[] = [];
  /** When the cut of a fault that is planned or over began, by the name of the fault. */
  readonly #planned = new Map<string, number>();

  constructor(options: PowerCutsOptions) {
    this.#options = options;
    options.faults.listen(() => {
      this.#plan();
      options.changed();
    });
    if (options.resumes === true) this.#resume();
    this.#plan(options.start);
  }

  /** Cuts that began before this process are not made again. Power that is still off because of them comes back when it should have. */
  #resume(): void {
    const { faults, start: begin } = this.#options;
    for (const spec of faults.file.faults) {
      const { on, start, end } = spec;
      const down = faultKind(spec.fault).power?.(spec.parameters);
      if (down === undefined || !on || start === undefined || start >= begin || (end ?? begin) < start) continue;
      this.#planned.set(spec.name, start);
      this.#cuts.push({ at: Math.floor(start + down), on: true, spec, past: start + down <= begin });
    }
  }

  #plan(from = this.#options.now()): void {
    const { faults } = this.#options;
    for (const spec of faults.file.faults) {
      const down = faultKind(spec.fault).power?.(spec.parameters);
      if (down === undefined) continue;
      if (!spec.on) {
        // If the fault is switched on again, it cuts the power again. Power that is off now returns at its planned time.
        this.#planned.delete(spec.name);
        this.#cuts = this.#cuts.filter((cut) => cut.spec.name !== spec.name || cut.on);
        continue;
      }
      const at = Math.max(spec.start ?? 0, Math.ceil(from));
      if (this.#planned.has(spec.name) || (spec.end !== undefined && at >= spec.end)) continue;
      this.#planned.set(spec.name, at);
      this.#cuts.push({ at, on: false, spec }, { at: at + down, on: true, spec });
    }
    this.#cuts.sort((one, other) => one.at - other.at);
  }

  get next(): number | undefined {
    return this.#cuts[0]?.at;
  }

  async runFirst(now: number): Promise<void> {
    const [cut] = this.#cuts;
    if (cut === undefined || cut.at > now) return;
    this.#cuts.shift();
    const { faults, span, using, failed } = this.#options;
    const turns = new LoopTurns();
    for (let index = span.first; index < span.first + span.meters; index++) {
      await turns.step();
      if (!faults.isOf(cut.spec, index)) continue;
      try {
        await using(index, (meter) => switchPower(meter, cut, Math.floor(meter.now - (this.#options.now() - cut.at))));
        if (!cut.on) faults.acted(cut.spec, index);
      } catch (error) {
        failed(index, error);
      }
    }
  }

  finish(): void {
    // Each meter has stored its own changes.
  }

  /** After a step back the cuts happen again, and power that was off at that time comes back when it did. */
  moved(before: number, now: number): void {
    if (now >= before) return;
    this.#cuts = [];
    for (const spec of this.#options.faults.file.faults) {
      const at = this.#planned.get(spec.name);
      const down = faultKind(spec.fault).power?.(spec.parameters);
      if (at === undefined || down === undefined) continue;
      if (at > now) this.#cuts.push({ at, on: false, spec });
      if (at + down > now) this.#cuts.push({ at: at + down, on: true, spec });
    }
    this.#cuts.sort((one, other) => one.at - other.at);
  }
}

/** `at`: by the clock of the meter. A meter that has done something since then is switched now. */
async function switchPower(meter: Meter, { on, past = false }: Cut, at: number): Promise<void> {
  const to = (instant?: number): Promise<void> => (on ? meter.powerUp(instant) : meter.powerDown(instant));
  try {
    await to(at);
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.code !== "bad-value") throw caught;
    if (!past) await to();
  }
}
