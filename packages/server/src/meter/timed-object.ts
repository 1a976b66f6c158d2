import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  type Context,
  isAvailable,
  type TimeContext,
  type Timeline,
  timelineOf,
} from "@dlmskit/cosem-objects";
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

/** What an object of a logical device does in time; nothing while its function is disabled. */
export function timelineIn({ hasFunctions }: Device, object: AnyObject): Timeline {
  const timeline = timelineOf(object) as Timeline;
  if (!hasFunctions) return timeline;
  const run: Timeline["run"] = (values, context: Context, at) =>
    isAvailable(object, context.device) ? timeline.run(values, context, at) : undefined;
  return Object.create(timeline, { run: { value: run } });
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
