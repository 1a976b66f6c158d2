import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  type Context,
  isAvailable,
  type TimeContext,
  type Timeline,
  timelineOf,
} from "@dlmskit/cosem-objects";
import type { Device } from "./device.ts";
import { timeContexts } from "./device-time.ts";
import type { KnownMeter } from "./meter-identity.ts";
import type { TimeContextPort } from "./meter-template.ts";

/** An object with timed actions. Times are on the meter's clock. */
export interface TimedObject {
  readonly device: Device;
  readonly object: AnyObject;
  readonly timeline: Timeline;
  readonly context: TimeContext;
  due: number | undefined;
  /** The instant of the action that is in progress. */
  running: number | undefined;
}

/** An action that was skipped when the clock was set, or missed without power, and that runs late. */
export interface Late {
  readonly entry: TimedObject;
  readonly late: number;
}

/** The timeline of an object of a logical device; it has no actions while its function is disabled. */
function timelineIn({ hasFunctions }: Device, object: AnyObject): Timeline {
  const timeline = timelineOf(object) as Timeline;
  if (!hasFunctions) return timeline;
  const run: Timeline["run"] = (values, context: Context, at) =>
    isAvailable(object, context.device) ? timeline.run(values, context, at) : undefined;
  return Object.create(timeline, { run: { value: run } });
}

const usualOrder = 50;

/** Sorts the objects by the order in which they act at the same time. */
const byOrder = (one: TimedObject, other: TimedObject): number =>
  (one.timeline.order ?? usualOrder) - (other.timeline.order ?? usualOrder);

/** The objects of a meter with timed actions, in their order. */
export const timedObjects = ({ template, identity }: KnownMeter, port: TimeContextPort): readonly TimedObject[] =>
  timeContexts(template, port, identity.own)
    .map(({ device, object, context }): TimedObject => {
      return { device, object, timeline: timelineIn(device, object), context, due: undefined, running: undefined };
    })
    .sort(byOrder);

/** The next time, checked: a timeline that does not advance would never end. */
export function nextAfter(
  timeline: Timeline,
  values: Readonly<Record<string, unknown>>,
  context: TimeContext,
  after: number,
): number | undefined {
  const next = timeline.next(values, context, after);
  if (next === undefined || next > after) return next;
  throw new Fault("bad-timeline", `the next action after ${after} cannot be due at ${next}`, { layer: "server" });
}

/** A period of time, and the values that determined the actions due in it. */
export interface Span {
  readonly from: number;
  readonly to: number;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
}

/** The actions that classes run late, in the order in which they were due; `guard` handles the errors that they throw. */
export function lateOf(
  entries: readonly TimedObject[],
  why: "moved" | "restored",
  { from, to, values }: Span,
  guard: <T>(entry: TimedObject, run: () => T) => T | undefined,
): Late[] {
  const late = entries.flatMap((entry) => {
    const { timeline, object, context } = entry;
    const found = guard(entry, () => [...(timeline[why]?.(values(object), context, from, to) ?? [])]) ?? [];
    return found.map((at): Late => ({ entry, late: at }));
  });
  return late.sort((one, other) => one.late - other.late);
}

/** Of the actions missed until now, only the last one stays due. */
export function skipToLast(entry: TimedObject, values: Readonly<Record<string, unknown>>, now: number): void {
  const { timeline, context } = entry;
  while (entry.due !== undefined && entry.due <= now) {
    const next = nextAfter(timeline, values, context, entry.due);
    if (next === undefined || next > now) return;
    entry.due = next;
  }
}

/**
 * The time after which the next action of an object is searched: after `after`, as far as missed actions are caught up, and after an
 * action that is in progress, unless the time was set back to before it.
 */
export function startOf(
  entry: TimedObject,
  values: Readonly<Record<string, unknown>>,
  { after, now }: { readonly after: number; readonly now: number },
): number {
  const from = caughtUpFrom(entry, values, { after, now });
  return entry.running === undefined || Math.floor(entry.running) > now ? from : Math.max(from, entry.running);
}

function caughtUpFrom(
  { timeline, context }: TimedObject,
  values: Readonly<Record<string, unknown>>,
  { after, now }: { readonly after: number; readonly now: number },
): number {
  if (after >= now) return after;
  if (timeline.missed === "none") return now;
  if (timeline.missed !== "each" || timeline.since === undefined) return after;
  return Math.max(after, timeline.since(values, context, now));
}

/** The objects whose timed actions change when values of these objects have changed. */
export function concernedBy(entries: readonly TimedObject[], changed: readonly AnyObject[]): readonly TimedObject[] {
  if (changed.length === 0) return [];
  // All timelines depend on local time.
  if (changed.some(({ spec }) => spec.traits?.zone === true)) return entries;
  return entries.filter(({ object, timeline: { watches } }) =>
    changed.some((one) => one === object || watches?.includes(one.spec.classId) === true),
  );
}
