import { PushListener, type ReceivedPush } from "@dlmskit/client";
import { UnnumberedLink } from "@dlmskit/hdlc";
import { VirtualClock } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { serialOpen } from "@dlmskit/transport/serial";
import { expect, it } from "vitest";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { createSimulator, loadTemplate, pushLayoutsOf } from "../src/index.ts";

it.skipIf(noPty !== undefined)("a customer interface pushes over a serial line, one push after the other", async () => {
  const pair = await ptyPair();
  try {
    const line = { baudRate: 2400 };
    const received: ReceivedPush[] = [];
    const dropped: string[] = [];
    const listener = new PushListener({
      clock: systemClock,
      link: () => new UnnumberedLink({ end: "client" }),
      quirks: ["date-time-with-data-tag"],
      layouts: pushLayoutsOf(await loadTemplate("nordic-han")),
      received: (push) => void received.push(push),
      dropped: ({ message }) => void dropped.push(message),
    });
    listener.accept(await serialOpen(pair.near, line));
    // Only the meter is in virtual time.
    const clock = new VirtualClock({ epoch: Date.UTC(2026, 10, 24, 8, 30) });
    await using simulator = await createSimulator({
      ...{ template: "nordic-han", clock, seed: "x", push: "hdlc://line:1", pushLayouts: "Kaifa list 2, 3-phase" },
      pushTransports: {
        hdlc: { dial: () => serialOpen(pair.far, line), link: () => new UnnumberedLink() },
      },
    });
    expect(simulator.fleet.meters).toBe(1);
    for (let waited = 0; waited < 2000 && received.length < 3; waited++) {
      await clock.advanceAsync(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    listener.close();
    expect(dropped).toEqual([]);
    expect(received.slice(0, 3).map(({ layoutFrom }) => layoutFrom)).toEqual(Array(3).fill("option"));
    expect(received[0]?.values?.some(({ unit }) => unit === "W")).toBe(true);
  } finally {
    await pair.close();
  }
});
