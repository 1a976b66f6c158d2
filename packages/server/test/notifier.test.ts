import type { Apdu } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { fromAscii } from "@dlmskit/core";
import { pushSetup } from "@dlmskit/cosem-objects";
import { CounterGuard } from "@dlmskit/security";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { hls5, Meter, meterTemplate, none, Server, SimulatedTime } from "../src/index.ts";
import { element, energy, key, pushWorld, start } from "./a-push.ts";

const keys = { encryptionKey: key(1), authenticationKey: key(2) };
const attribute = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 } as const;
const value = { type: "double-long-unsigned", value: 7 };

describe("what a meter tells by itself", () => {
  it("P8: an EventNotification with and without time goes through the queue to a listener, ciphered as the policy says", async () => {
    for (const secured of [false, true]) {
      const client = secured ? { client: 48, security: hls5(keys) } : undefined;
      const world = pushWorld({ ...(client && { client }), listener: { keys: () => keys } });
      const to = { destination: "tcp://192.0.2.7:4059", client: client?.client ?? 16 };
      await world.meter.notify.eventNotification(attribute, to);
      await world.meter.notify.eventNotification(attribute, { ...to, time: false });
      await world.go(1);
      expect(world.dropped).toEqual([]);
      expect(world.received).toMatchObject([
        { kind: "event-notification", data: value, values: [attribute], verified: secured, time: { year: 2026 } },
        { kind: "event-notification", data: value, verified: secured },
      ]);
      expect(world.received[1]?.time).toBeUndefined();
      expect(world.what()).toEqual(["sent", "sent"]);
      await world.close();
    }
  });

  it("P8: where nobody listens it is tried five times, then given up", async () => {
    const world = pushWorld({});
    world.down(true);
    await world.meter.notify.eventNotification(attribute, { destination: "tcp://192.0.2.7:4059" });
    await world.go(600);
    expect(world.what()).toEqual(["again", "again", "again", "again", "failed"]);
    await world.close();
  });

  it.each([
    ["logical-name", false],
    ["logical-name", true],
    ["short-name", false],
    ["short-name", true],
  ] as const)(
    "P8: over the open association, %s, ciphered %s: told between answers, and nothing is answered to it",
    async (referencing, secured) => {
      const clock = new VirtualClock();
      const register = energy();
      const push = pushSetup("0.0.25.9.0.255", {
        ...{ version: 0, pushObjectList: [element(register, 2)], destination: "client:48", client: 48 },
      });
      const template = meterTemplate({
        objects: [register, push],
        referencing: "either",
        associations: { own: { client: 48, security: secured ? hls5(keys) : none(), access: "full" } },
      });
      const meter = new Meter(template, { name: "ABC1" });
      const failed: unknown[] = [];
      const server = new Server({
        ...{ meters: meter, clock, time: new SimulatedTime({ source: () => clock.now(), start }) },
        push: { transports: {} },
        events: (event) => {
          if (event.type === "push-failed" || event.type === "refused") failed.push(event.fault);
        },
      });
      const [duplex, far] = memoryPair({ clock });
      server.accept(far, new WrapperServerLink());
      const heard: [Apdu, boolean][] = [];
      let last = 0;
      const opening = connect(
        { duplex, link: new WrapperClientLink({ client: 48, server: 1 }) },
        {
          ...{ clock, referencing, notification: (apdu, { authenticated }) => void heard.push([apdu, authenticated]) },
          ...(secured && {
            ...{ mechanism: 5, ciphered: true },
            security: {
              ...{ suite: 0, keys, systemTitle: fromAscii("HES00001"), replay: new CounterGuard() },
              counters: { remaining: 1e9, next: () => ++last },
            },
          }),
        },
      );
      await clock.advanceAsync(100);
      const session = await opening;
      const reading = session.get(attribute);
      if (referencing === "short-name") await meter.notify.informationReport([attribute], { client: 48 });
      else await meter.notify.eventNotification(attribute, { client: 48 });
      await meter.invoke(push, 1, { type: "integer", value: 0 });
      await clock.advanceAsync(1000);
      expect(await reading).toEqual(value);
      expect(failed).toEqual([]);
      const report = { apdu: "information-report-request", data: [value], variables: [{}] };
      const event = { apdu: "event-notification-request", attribute, value };
      expect(heard).toMatchObject([
        [referencing === "short-name" ? report : event, secured],
        [{ apdu: "data-notification", longInvokeId: 1 }, secured],
      ]);
      server.close();
      await server.settled();
    },
  );
});
