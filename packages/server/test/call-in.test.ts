import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { Fault, fromAscii } from "@dlmskit/core";
import { autoConnect, isConnected, register } from "@dlmskit/cosem-objects";
import { type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { CallIn, Meter, meterTemplate, none, Server, SimulatedTime } from "../src/index.ts";

it("a meter calls in by its Auto connect object, is read over that connection, and calls again when it has ended", async () => {
  const clock = new VirtualClock();
  const calls: Duplex[] = [];
  const dialled: string[] = [];
  const port = new CallIn({
    clock,
    link: () => new WrapperServerLink(),
    async dial(destination) {
      dialled.push(`${destination} ${Math.floor(clock.now() / 1000)}`);
      if (destination === "busy:1") throw new Fault("connection-refused", "nobody listens", { layer: "transport" });
      const [here, there] = memoryPair({ clock, latency: 1 });
      calls.push(there);
      return here;
    },
  });
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 7, unit: "Wh" });
  const calling = autoConnect("0.0.2.1.0.255", {
    ...{ mode: 101, destinations: [fromAscii("busy:1"), fromAscii("hes:2")], port },
  });
  const template = meterTemplate({
    objects: [energy, calling],
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  const meter = new Meter(template, { name: "ABC1" });
  const start = Date.UTC(2026, 4, 4, 10);
  const server = new Server({ meters: meter, clock, time: new SimulatedTime({ source: () => clock.now(), start }) });
  port.serve(server, meter);
  await clock.advanceAsync(1000);
  expect(dialled).toEqual(["busy:1 0", "hes:2 0"]);
  expect(isConnected(meter.values(calling))).toBe(true);

  const read = async (duplex: Duplex): Promise<unknown> => {
    const link = new WrapperClientLink({ client: 16, server: 1 });
    const opening = connect({ duplex, link }, { clock });
    await clock.advanceAsync(100);
    const session = await opening;
    const reading = session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 });
    await clock.advanceAsync(100);
    const releasing = session.release();
    await clock.advanceAsync(100);
    await releasing;
    return reading;
  };
  expect(await read(calls[0] as Duplex)).toEqual({ type: "double-long-unsigned", value: 7 });
  await clock.advanceAsync(20_000);
  expect(calls).toHaveLength(2);
  expect(await read(calls[1] as Duplex)).toEqual({ type: "double-long-unsigned", value: 7 });
  server.close();
  await server.settled();
});
