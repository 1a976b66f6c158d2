import { describe, expect, it } from "vitest";
import { MeterTimeline } from "../src/meter/meter-timeline.ts";
import type { OpenWork, Task, TimelinePort } from "../src/meter/timeline-port.ts";

describe("what a meter does in time", () => {
  /** A meter whose work opens when `open` is called. */
  const waiting = (tasks: readonly Task[]) => {
    let open = (): void => undefined;
    const work = { attempt: (run: () => unknown) => run(), ran: () => undefined };
    const opened: OpenWork = { work: work as never, within: (run) => run(), finish: () => undefined };
    const port: TimelinePort = {
      ...{ time: 0, offset: 0, lost: false, unsure: false, unkept: undefined },
      power: { downSince: undefined, planned: [] },
      known: { template: { timed: [], syncLimit: 9000 }, identity: {} } as never,
      values: () => ({}),
      context: () => ({}) as never,
      limit: (value) => value,
      open: () =>
        new Promise((resolve) => {
          open = () => resolve(opened);
        }),
      failed: () => undefined,
      noticeLost: () => undefined,
      again: () => undefined,
      keepRanUpTo: () => undefined,
    };
    return { timeline: new MeterTimeline(port, tasks, 0), open: () => open() };
  };

  it("is done at its own instant, and not before", async () => {
    const ran: number[] = [];
    const { timeline, open } = waiting([{ every: 1000, run: (now) => void ran.push(now) }]);
    const done = timeline.runFirst(1000);
    open();
    await done;
    timeline.finish();
    expect([ran, timeline.next]).toEqual([[1000], 2000]);
    const early = timeline.runFirst(1999);
    open();
    await early;
    expect(ran).toEqual([1000]);
  });

  it("is not done where time was set back while the meter was busy", async () => {
    const ran: number[] = [];
    const { timeline, open } = waiting([{ every: 1000, run: (now) => void ran.push(now) }]);
    const done = timeline.runFirst(1000);
    timeline.moved(1000, 500);
    open();
    await done;
    timeline.finish();
    expect([ran, timeline.next]).toEqual([[], 1500]);
  });

  it("is nothing without tasks and objects that act in time", async () => {
    const { timeline, open } = waiting([]);
    const done = timeline.runFirst(1000);
    open();
    await done;
    timeline.finish();
    expect(timeline.next).toBeUndefined();
  });
});
