import { Fault } from "@dlmskit/core";
import type { AnyObject, TimeContext, Timeline } from "@dlmskit/cosem-objects";
import type { Device } from "./meter-template.ts";

/** An object that acts in time. Instants on the meter's clock. */
export interface TimedObject {
  readonly device: Device;
  readonly object: AnyObject;
  readonly timeline: Timeline;
  readonly context: TimeContext;
  due: number | undefined;
}

/** What was due while the clock was set past it, or while there was no power, and is run late. */
export interface Late {
  readonly entry: TimedObject;
  readonly late: number;
}

const usualOrder = 50;

/** What goes first of all that is due at one instant comes first. */
export const byOrder = (one: TimedObject, other: TimedObject): number =>
  (one.timeline.order ?? usualOrder) - (other.timeline.order ?? usualOrder);

/** The next instant, checked: a timeline that does not move on would never end. */
export function nextAfter(
  timeline: Timeline,
  values: Readonly<Record<string, unknown>>,
  context: TimeContext,
  after: number,
): number | undefined {
  const next = timeline.next(values, context, after);
  if (next === undefined || next > after) return next;
  throw new Fault("bad-timeline", `after ${after} nothing can be due at ${next}`, { layer: "server" });
}
