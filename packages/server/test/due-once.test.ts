import { T } from "@dlmskit/apdu";
import { type AnyObject, interfaceClass, object } from "@dlmskit/cosem-objects";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { meter, none, Server, SimulatedTime } from "../src/index.ts";

const open = { open: { client: 16, security: none(), access: "full" as const } };
const from = Date.UTC(2026, 0, 1);

/** A meter with one object, in virtual time. */
function served(only: AnyObject) {
  const machine = new VirtualClock();
  const time = new SimulatedTime({ source: () => machine.now(), start: from });
  const server = new Server({
    meters: meter({ name: "ABC1", objects: [only], associations: open }),
    clock: machine,
    time,
  });
  return { machine, time, server };
}

const Once = interfaceClass({
  ...{ classId: 9001, version: 0, name: "Once", methods: {} },
  attributes: { trigger: { id: 2, type: T.doubleLongUnsigned, access: "rw" } },
});

/** An object that acts once, so many seconds after the start; an instant that has passed is due 1 ms later, as that of a push. */
function acting(run: (ran: number) => unknown) {
  const ran: number[] = [];
  const once = object(
    Once,
    "0.0.96.50.1.255",
    { trigger: 60 },
    {
      time: {
        missed: "each",
        next: ({ trigger }, _, after) =>
          trigger === 0 ? undefined : Math.max(from + trigger * 1000, Math.floor(after) + 1),
        run: (values, _, at) => {
          ran.push(at - from);
          const done = (): void => {
            values.trigger = 0;
          };
          const work = run(ran.length);
          return work instanceof Promise ? work.then(done) : done();
        },
      },
    },
  );
  const { machine, time, server } = served(once);
  const step = async (to: number): Promise<void> => {
    const stepped = time.step(from + to);
    machine.advance(1);
    await stepped;
  };
  return { ran, machine, time, server, step };
}

const Every = interfaceClass({
  ...{ classId: 9002, version: 0, name: "Every", methods: {} },
  attributes: { period: { id: 2, type: T.doubleLongUnsigned, access: "rw" } },
});

/** An object that acts every minute, and counts; `run` may change its values. */
function everyMinute(missed: "each" | "none", run: (values: { period: number }, count: number) => unknown) {
  const ran: number[] = [];
  const every = object(
    Every,
    "0.0.96.50.2.255",
    { period: 60 },
    {
      time: {
        missed,
        since: (_, __, now) => now - 300_000,
        next: ({ period }, _, after) => from + (Math.floor((after - from) / (period * 1000)) + 1) * period * 1000,
        run: (values, _, at) => {
          ran.push(at - from);
          return run(values as never, ran.length) as never;
        },
      },
    },
  );
  const { machine, time, server } = served(every);
  return { ran, machine, time, server };
}

describe("an action that is due every minute", () => {
  it("goes on after a run that set what cannot be kept: that was not done", async () => {
    const { ran, machine } = everyMinute("each", (values, count) => {
      if (count === 2) values.period = "abc" as never;
    });
    for (let minute = 0; minute < 6; minute++) machine.advance(60_000);
    expect(ran.length).toBeGreaterThan(3);
  });

  it.each(["each", "none"] as const)(
    "catches up as its class says (%s) when the time is stepped while it runs",
    async (missed) => {
      let end: () => void = () => undefined;
      const { ran, machine, time } = everyMinute(missed, (_, count) =>
        count > 1
          ? undefined
          : new Promise<void>((resolve) => {
              end = resolve;
            }),
      );
      machine.advance(60_000);
      expect(ran).toEqual([60_000]);
      let over = false;
      const stepped = time.step(from + 86_400_000).then(() => {
        over = true;
      });
      machine.advance(1);
      end();
      for (let turn = 0; turn < 1000 && !over; turn++) {
        await new Promise(setImmediate);
        machine.advance(1);
      }
      await stepped;
      expect(ran.length).toBeLessThan(10);
    },
  );
});

describe("an action that is due once", () => {
  it("runs once, though it runs late", async () => {
    const { ran, step } = acting(() => undefined);
    await step(600_000);
    await step(1_200_000);
    expect(ran).toEqual([60_000]);
  });

  it("runs once, though the time of day is set forward while it runs", async () => {
    let end: () => void = () => undefined;
    const { ran, machine, step } = acting(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    machine.advance(60_000);
    expect(ran).toEqual([60_000]);
    const stepped = step(600_000);
    end();
    await stepped;
    await step(1_200_000);
    expect(ran).toEqual([60_000]);
  });

  it("runs again if it has failed: it is still due", async () => {
    const { ran, machine, step } = acting((count) => {
      if (count === 1) throw new Error("not now");
    });
    machine.advance(60_000);
    await step(600_000);
    expect(ran).toEqual([60_000, 60_001]);
  });
});
