import { type AnyObject, after, afterEach, type Context, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Device } from "./device.ts";
import type { TimedObject } from "./timed-object.ts";
import type { WorkPart } from "./timeline-port.ts";

interface PowerChange {
  readonly act: "poweringDown" | "poweredUp";
  readonly from: number;
  readonly at: number;
  context(device: Device, object: AnyObject): Context;
  run(what: string, action: () => unknown): MaybePromise<void>;
}

/** Each object does what its class does when the power goes or returns. */
export function powerActions(
  entries: readonly TimedObject[],
  { work, within }: WorkPart,
  { act, from, at, context, run }: PowerChange,
): MaybePromise<void> {
  const changing = entries.filter(({ timeline }) => timeline[act] !== undefined);
  const when = act === "poweredUp" ? "at power-up" : "when the power goes";
  const done = afterEach(changing, ({ timeline, object, device }) =>
    run(`what ${object.instance} does ${when}`, () =>
      within(() => timeline[act]?.(work.draft(object), context(device, object), from, at)),
    ),
  );
  return after(done, () => undefined);
}
