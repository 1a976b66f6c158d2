import { T } from "@dlmskit/apdu";
import { interfaceClass, object } from "@dlmskit/cosem-objects";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { meter, none, Server, SimulatedTime } from "../src/index.ts";

const open = { open: { client: 16, security: none(), access: "full" as const } };
const from = Date.UTC(2026, 0, 1);
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
  const machine = new VirtualClock();
  const time = new SimulatedTime({ source: () => machine.now(), start: from });
  const server = new Server({
    meters: meter({ name: "ABC1", objects: [once], associations: open }),
    clock: machine,
    time,
  });
  const step = async (to: number): Promise<void> => {
    const stepped = time.step(from + to);
    machine.advance(1);
    await stepped;
  };
  return { ran, machine, time, server, step };
}

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
