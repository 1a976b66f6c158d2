// The time limit of a whole session: opening, requests and release together.
import type { Fault } from "@dlmskit/core";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { connect } from "../src/index.ts";
import { BareLink, FakeMeter, register, settle } from "./fake-meter.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const caught = (promise: Promise<unknown>): Promise<Fault> =>
  promise.then(
    () => undefined as never,
    (fault) => fault,
  );

it("ends an opening that takes too long, and closes the transport", async () => {
  const clock = new VirtualClock();
  const [duplex, peer] = memoryPair();
  let closed = false;
  peer.start({
    received: () => undefined,
    closed: () => {
      closed = true;
    },
  });
  const opening = caught(
    connect({ duplex, link: new WrapperClientLink({ client: 16, server: 1 }) }, { clock, until: 700 }),
  );
  await clock.advanceAsync(699);
  expect(closed).toBe(false);
  await clock.advanceAsync(1);
  await settle();
  expect([(await opening).code, closed, clock.waiting]).toEqual(["deadline-passed", true, 0]);
});

it("ends the requests of a session, however often they may be repeated, and its release", async () => {
  const meter = register(new FakeMeter(), "1.0.1.8.0.255", 1, 0, 30);
  const until = meter.clock.now() + 5000;
  const line = { duplex: meter.line().duplex, link: new BareLink() };
  const session = await connect(line, { ...meter.options(), timeout: 400, retries: 100, until });
  await meter.clock.advanceAsync(2000);
  await session.get(energy);
  meter.mute = 1000;
  const request = caught(session.get(energy));
  await meter.clock.advanceAsync(until - meter.clock.now());
  await settle();
  expect((await request).code).toBe("deadline-passed");
  await session.release();
  expect((await caught(session.get(energy))).code).toBe("deadline-passed");
});

it("leaves no timer behind a session that ended in time", async () => {
  const meter = register(new FakeMeter(), "1.0.1.8.0.255", 1, 0, 30);
  const line = { duplex: meter.line().duplex, link: new BareLink() };
  const session = await connect(line, { ...meter.options(), until: meter.clock.now() + 1e9 });
  await session.release();
  await settle();
  expect(meter.clock.next ?? 0).toBeLessThan(1e8);
});
