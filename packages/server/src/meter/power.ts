import { Fault } from "@dlmskit/core";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { Work, WorkResult } from "../runtime/unit-of-work.ts";
import type { MeterTemplate } from "./meter-template.ts";
import type { PowerSwitch, Supply } from "./power-supply.ts";

/** The power of a meter. */
export interface Power {
  /** Time at which the power was cut; undefined: there is power. */
  readonly downSince: number | undefined;
  /** Planned power changes, sorted by time. */
  readonly planned: readonly PowerSwitch[];
}

export const hasPower = (values: Readonly<Record<string, unknown>>): boolean =>
  (values.supply as Supply).downSince === 0;

export function powerOf(values: Readonly<Record<string, unknown>>): Power {
  const { downSince, planned } = values.supply as Supply;
  return { downSince: downSince === 0 ? undefined : downSince, planned };
}

export function setPower(work: Work, { power }: MeterTemplate, { downSince = 0, planned }: Power): void {
  const supply: Supply = { downSince, planned: planned.map((one) => ({ lasts: false, ...one })) };
  work.draft(power).supply = supply;
}

/** Resets volatile attributes to the values of the template, as after every power failure. */
export function forgetVolatile(work: Work, { volatile }: MeterTemplate): void {
  for (const { object: of, name, value } of volatile) {
    if (work.values(of)[name] !== value) work.draft(of)[name] = value;
  }
}

/** Fault `bad-value` if `at` is not a whole number of ms since 1970 UTC. */
export function checkInstant(at: number): void {
  if (Number.isSafeInteger(at) && at > 0) return;
  throw new Fault("bad-value", `${at} is not an instant in whole ms since 1970 UTC`, { layer: "server" });
}

/** The interface of a meter in use for switching its power. */
export interface PowerPort {
  readonly known: { readonly template: MeterTemplate };
  readonly power: Power;
  /** The time of the meter's clock. */
  readonly now: number;
  readonly run: {
    readonly timeline: { readonly ranUpTo: number; switchPower(to: PowerSwitch): MaybePromise<void> } | undefined;
  };
  change(by: { self: "program" }, run: (work: Work) => void): MaybePromise<void>;
}

/** Cuts or restores the power at a time of the meter's clock. Faults `bad-value`, `not-kept`. */
export function switchPower(meter: PowerPort, to: PowerSwitch): MaybePromise<void> {
  const { power, known, run } = meter;
  const { template } = known;
  if (to.at > meter.now) return meter.change({ self: "program" }, (work) => planPower(work, template, to));
  const { timeline } = run;
  const first = to.on ? power.downSince : power.downSince === undefined ? timeline?.ranUpTo : undefined;
  if (first !== undefined && to.at < Math.floor(first)) {
    throw new Fault("bad-value", `the meter has already run until ${new Date(first).toISOString()}`, {
      layer: "server",
      hint: "cut or restore the power at that instant or later",
    });
  }
  if (timeline !== undefined) return timeline.switchPower(to);
  return meter.change({ self: "program" }, (work) => {
    if (to.on && power.downSince !== undefined) forgetVolatile(work, template);
    setPower(work, template, switched(power, to));
  });
}

/** Plans to cut or restore the power at a future time. */
export function planPower(work: Work, template: MeterTemplate, to: PowerSwitch): void {
  const power = powerOf(work.values(template.power));
  const planned = [...power.planned, to].sort((left, right) => left.at - right.at);
  setPower(work, template, { ...power, planned });
}

/** Ends a work. If the work sets the clock, the end time of a restart in progress is moved by the same difference. */
export function ended(work: Work, template: MeterTemplate): WorkResult {
  const { clock = 0 } = work;
  const power = powerOf(work.values(template.power));
  if (clock !== 0 && power.planned.some(({ lasts }) => lasts)) {
    const planned = power.planned.map((one) => (one.lasts ? { ...one, at: Math.ceil(one.at + clock) } : one));
    setPower(work, template, { ...power, planned: planned.sort((left, right) => left.at - right.at) });
  }
  return work.end();
}

/** The power after a switch. */
export const switched = ({ downSince, planned }: Power, to: PowerSwitch): Power => ({
  downSince: to.on ? undefined : (downSince ?? to.at),
  planned: planned.filter(({ at }) => at > to.at),
});
