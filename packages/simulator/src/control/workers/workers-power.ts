import { Fault } from "@dlmskit/core";
import type { Span } from "../../fleet/addresses.ts";
import type { Feeder } from "../feeders.ts";
import { type Switched, shownFailures } from "../power.ts";
import { DarkMeters, overlap } from "./dark-meters.ts";
import { faultOf } from "./messages.ts";
import type { Workers } from "./workers.ts";

export interface PowerPort {
  readonly workers: Workers;
  /** Whether all workers have one store. It keeps which meters have no power. */
  readonly shared: boolean;
  /** The meters of a worker. */
  spanOf(worker: number): Span;
}

type Failure = Switched["failures"][number];

/** Cuts and restores the power of feeders and transformers: each worker does it for its own meters. */
export class WorkersPower {
  readonly #port: PowerPort;
  #dark = new DarkMeters();

  constructor(port: PowerPort) {
    this.#port = port;
  }

  /** What the control has cut, for a snapshot. */
  get dark(): DarkMeters {
    return new DarkMeters(this.#dark.spans);
  }

  restored(dark: DarkMeters): void {
    this.#dark = new DarkMeters(dark.spans);
  }

  /** The power of meters was cut or restored otherwise. Other workers take no notice of it by themselves. */
  async switched(span: Span, on: boolean): Promise<void> {
    this.#dark.switched(span, on);
    if (on && this.#port.shared) await this.#port.workers.askAll("lookAgain", span);
  }

  /** Cuts the power of the meters of a worker that took another one's place, unless its store has kept that. */
  async again(worker: number): Promise<void> {
    if (this.#port.shared) return;
    const own = this.#port.spanOf(worker);
    const spans = this.#dark.spans.flatMap((span) => overlap(span, own) ?? []);
    await Promise.all(spans.map((span) => this.#port.workers.tell(worker, "switchMeters", span, false)));
  }

  /** The meters of a worker that does not answer are among those that failed. Fault `unknown-feeder`. */
  async feeder(name: string, on: boolean): Promise<Switched> {
    const { workers, spanOf } = this.#port;
    const feeder: Feeder = await workers.askAny("feeder", name);
    const parts = Array.from({ length: workers.of }, (_, worker) => {
      const span = overlap(feeder, spanOf(worker));
      return span === undefined ? [] : [{ worker, span }];
    }).flat();
    this.#dark.switched(feeder, on);
    const switched = await Promise.all(parts.map(({ worker, span }) => this.#part(worker, span, on)));
    if (on && this.#port.shared) await workers.askAll("lookAgain", feeder);
    const sum = (of: (one: Switched) => number): number => switched.reduce((all, one) => all + of(one), 0);
    return {
      meters: sum(({ meters }) => meters),
      failed: sum(({ failed }) => failed),
      failures: switched.flatMap(({ failures }) => failures).slice(0, shownFailures),
    };
  }

  async #part(worker: number, span: Span, on: boolean): Promise<Switched> {
    const { workers } = this.#port;
    try {
      const { meters, failed, failures, held } = await workers.tell(worker, "switchMeters", span, on);
      const left: Failure[] = [];
      for (const { index, serial, fault } of held) {
        if (!(await this.#elsewhere(worker, index, on))) left.push({ serial, fault: faultOf(fault) });
      }
      const known = failures.map(({ serial, fault }) => ({ serial, fault: faultOf(fault) }));
      return {
        meters: meters + held.length - left.length,
        failed: failed + left.length,
        failures: [...known, ...left],
      };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const from = span.first - spanOfAll(this.#port).first;
      const [first] = await workers.askAny("meters", { from, count: 1 });
      const failures = first === undefined ? [] : [{ serial: first.serial, fault: error }];
      return { meters: 0, failed: span.meters, failures };
    }
  }

  /** Switches a meter in the worker that has it now. False: none could. */
  async #elsewhere(owner: number, index: number, on: boolean): Promise<boolean> {
    const { workers } = this.#port;
    for (const worker of workers.up) {
      if (worker === owner) continue;
      const told = await workers.each([worker], () =>
        workers.ask(worker, "switchMeters", { first: index, meters: 1 }, on),
      );
      if (told.answers.some(({ result }) => result.meters === 1)) return true;
    }
    return false;
  }
}

/** The meters of all workers. */
function spanOfAll({ workers, spanOf }: PowerPort): Span {
  const { first } = spanOf(0);
  const last = spanOf(workers.of - 1);
  return { first, meters: last.first + last.meters - first };
}
