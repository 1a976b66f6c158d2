import { type AnyObject, after, type Context, type Timeline, timelineOf } from "@dlmskit/cosem-objects";
import { outageLog } from "./journal.ts";
import { SimulatedMeter } from "./simulated-meter.ts";

const clockClass = 8;
const idle: Timeline = { missed: "none", next: () => undefined, run: () => undefined };

function record({ own, device }: Context, at: number, code: number): unknown {
  return own instanceof SimulatedMeter ? own.journal.append(device, outageLog.log, code, Math.floor(at)) : undefined;
}

/** The objects of a template, of which the first Clock (or the first object) records when the power of the meter goes and returns. */
export function recordingOutages(objects: readonly AnyObject[]): readonly AnyObject[] {
  const recorder = objects.find(({ spec }) => spec.classId === clockClass) ?? objects[0];
  return objects.map((object) => (object === recorder ? recording(object) : object));
}

function recording(object: AnyObject): AnyObject {
  const time = timelineOf(object) ?? idle;
  return {
    ...object,
    hooks: {
      ...object.hooks,
      time: {
        ...time,
        // Before other objects push what they show without power.
        order: 0,
        poweringDown: (values, context: Context) =>
          after(record(context, context.now, outageLog.opened), () => time.poweringDown?.(values, context)),
        poweredUp: (values, context: Context, from, to) =>
          after(record(context, to, outageLog.closed), () => time.poweredUp?.(values, context, from, to)),
      },
    },
  };
}
