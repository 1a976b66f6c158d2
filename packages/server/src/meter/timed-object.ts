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
function timelineIn({ hasFunctions }: Device, object: AnyObject): Timeline {
  const timeline = timelineOf(object) as Timeline;
  if (!hasFunctions) return timeline;
  const run: Timeline["run"] = (values, context: Context, at) =>
    isAvailable(object, context.device) ? timeline.run(values, context, at) : undefined;
  return Object.create(timeline, { run: { value: run } });
}

const usualOrder = 50;

/** What goes first of all that is due at one instant comes first. */
const byOrder = (one: TimedObject, other: TimedObject): number =>
  (one.timeline.order ?? usualOrder) - (other.timeline.order ?? usualOrder);

/** The objects of a meter that act in time, in their order. */
export const timedObjects = ({ template, identity }: KnownMeter, port: TimeContextPort): readonly TimedObject[] =>
  timeContexts(template, port, identity.own)
    .map(({ device, object, context }): TimedObject => {
      return { device, object, timeline: timelineIn(device, object), context, due: undefined };
    })
    .sort(byOrder);

/** The next instant, checked: a timeline that does not move on would never end. */
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

/** What was due from one instant to another, and the values by which it was. */
export interface Span {
  readonly from: number;
  readonly to: number;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
}

/** What classes run late, in the order in which it was due; `guard` takes what they throw. */
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

/** Of what was missed until now, only the last is due. */
export function skipToLast(entry: TimedObject, values: Readonly<Record<string, unknown>>, now: number): void {
  const { timeline, context } = entry;
  while (entry.due !== undefined && entry.due <= now) {
    const next = nextAfter(timeline, values, context, entry.due);
    if (next === undefined || next > now) return;
    entry.due = next;
  }
}

/** After which instant an object's next one is looked for: all that is due after `after`, as far as it is caught up with. */
export function startOf(
  { timeline, context }: TimedObject,
  values: Readonly<Record<string, unknown>>,
  { after, now }: { readonly after: number; readonly now: number },
): number {
  if (after >= now) return after;
  if (timeline.missed === "none") return now;
  if (timeline.missed !== "each" || timeline.since === undefined) return after;
  return Math.max(after, timeline.since(values, context, now));
}

/** Those that do something else in time when values of these objects have changed. */
export function concernedBy(entries: readonly TimedObject[], changed: readonly AnyObject[]): readonly TimedObject[] {
  if (changed.length === 0) return [];
  // Local time decides for all.
  if (changed.some(({ spec }) => spec.traits?.zone === true)) return entries;
  return entries.filter(({ object, timeline: { watches } }) =>
    changed.some((one) => one === object || watches?.includes(one.spec.classId) === true),
  );
}
