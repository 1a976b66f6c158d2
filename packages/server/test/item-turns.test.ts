import { VirtualClock } from "@dlmskit/transport";
import { expect, it } from "vitest";
import { FairShare } from "../src/runtime/fair-share.ts";

it("counts the work of a request's items, and not the time that they wait for others", async () => {
  let now = 0;
  let turns = 0;
  const machine = new VirtualClock();
  const clock = {
    now: () => now,
    at: (deadline: number, run: () => void) => {
      turns++;
      return machine.at(deadline, run);
    },
  };
  const share = new FairShare(clock).share({ goOn: () => undefined });
  const request = share.request();
  for (let item = 0; item < 20; item++) {
    await request.run(async () => {
      await undefined;
      now += 10;
    });
  }
  expect(turns).toBe(0);
  request.run(() => {
    now += 10;
  });
  const last = request.run(() => "done");
  expect(turns).toBe(1);
  machine.advance(10_000);
  expect(await last).toBe("done");
});
