import { type Apdu, gatewayAddress, gatewayText, withGatewayPrefix } from "@dlmskit/apdu";
import { GatewayLine, PushListener, type ReceivedPush } from "@dlmskit/client";
import { type Fault, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { defaultObject, IecHdlcSetup1 } from "@dlmskit/cosem-objects";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { gateway } from "../src/index.ts";
import { port, pushWorld } from "./a-push.ts";

const at = gatewayAddress("1/00123456");

it("8.4: the push of a meter behind a gateway has its prefix, and the listener tells from whom", async () => {
  const octets: string[] = [];
  const world = pushWorld({
    push: { gateway: () => at },
    line: (duplex) => ({
      ...duplex,
      remote: duplex.remote,
      bufferedOctets: 0,
      start: (handlers) => duplex.start(handlers),
      end: () => duplex.end(),
      destroy: () => duplex.destroy(),
      send(sent) {
        octets.push(toHex(sent));
        duplex.send(sent);
      },
    }),
  });
  await world.trigger();
  await world.go(2);
  expect(octets[0]?.slice(16)).toMatch(/^e701083030313233343536(0f|db)/);
  expect(world.received.map(({ address }) => address.gateway && gatewayText(address.gateway))).toEqual(["1/00123456"]);
  expect(world.what()).toEqual(["sent"]);
  await world.close();
});

it("4.8 through a gateway: a push is confirmed with the prefix of its meter only", async () => {
  const world = pushWorld({
    options: { version: 2, portReference: port.instance, operationMethod: "confirmed", numberOfRetries: 0 },
    more: [port],
    push: { gateway: () => at, confirmation: 3000 },
  });
  await world.trigger();
  await world.go(2);
  expect(world.received).toMatchObject([{ confirmed: true }]);
  expect(world.what()).toEqual(["confirmed"]);
  await world.close();

  // A confirmation with another prefix is not the one of this meter.
  const wrong = pushWorld({
    options: { version: 2, portReference: port.instance, operationMethod: "confirmed", numberOfRetries: 0 },
    more: [port],
    push: { gateway: () => at, confirmation: 3000 },
    line: (duplex) => ({
      ...duplex,
      remote: duplex.remote,
      bufferedOctets: 0,
      end: () => duplex.end(),
      destroy: () => duplex.destroy(),
      send: (sent) => duplex.send(sent),
      start: (handlers) =>
        duplex.start({
          ...handlers,
          closed: (fault) => handlers.closed(fault),
          received: (sent) => handlers.received(fromHex(toHex(sent).replace("3132333435", "3132333439"))),
        }),
    }),
  });
  await wrong.trigger();
  await wrong.go(5);
  expect(wrong.what()).toEqual(["failed"]);
  await wrong.close();
});

it("8.4: a listener takes E6 and E7, and answers with the other tag; hostile prefixes are dropped", async () => {
  const clock = new VirtualClock();
  const pushes: ReceivedPush[] = [];
  const dropped: Fault[] = [];
  const hes = new PushListener({
    clock,
    link: () => new WrapperServerLink({ end: "client" }),
    received: (push) => void pushes.push(push),
    dropped: (fault) => void dropped.push(fault),
  });
  const [near, far] = memoryPair({ clock });
  hes.accept(far);
  const answers: string[] = [];
  near.start({ received: (sent) => void answers.push(toHex(sent).slice(16)), closed: () => undefined });
  const push = async (pdu: Uint8Array) => {
    near.send(Uint8Array.of(0, 1, 0, 1, 0, 1, 0, pdu.length, ...pdu));
    await clock.advanceAsync(5);
  };
  const confirmed = fromHex("0f40000001000203110111021103");
  await push(withGatewayPrefix("request", at, confirmed));
  await push(withGatewayPrefix("response", at, confirmed));
  await push(withGatewayPrefix("response", gatewayAddress("1/2"), confirmed));
  expect(answers.map((text) => text.slice(0, 4))).toEqual(["e701", "e601", "e601"]);
  // The same id of another meter is not a repetition.
  expect(pushes.map(({ repeated }) => repeated)).toEqual([false, true, false]);
  for (const hex of ["e7", "e701ff00", "e7010130", "e7018401010101", "e70100e70100e70100"]) await push(fromHex(hex));
  expect(pushes).toHaveLength(3);
  expect(dropped).toHaveLength(5);
  hes.close();
});

it("a push over the open association of a client comes with the prefix, between its answers", async () => {
  const world = pushWorld({
    options: { destination: { transportService: 5, destination: fromAscii("16"), message: 0 } },
    more: [defaultObject(IecHdlcSetup1, "0.0.22.0.0.255")],
  });
  const { machine, server, meter } = world;
  const [duplex, far] = memoryPair({ clock: machine });
  server.accept(far, new WrapperServerLink({}), gateway({ behind: { "1/00123456": meter } }));
  const heard: Apdu[] = [];
  const opened = GatewayLine.open(
    { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) },
    { clock: machine },
  );
  await world.go(0.1);
  const connecting = (await opened).connect(at, { notification: (apdu) => void heard.push(apdu) });
  await world.go(0.2);
  const session = await connecting;
  await world.trigger();
  await world.go(2);
  expect(heard).toMatchObject([{ apdu: "data-notification" }]);
  const reading = session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 });
  await world.go(3);
  expect(await reading).toMatchObject({ value: 7 });
  await world.close();
});
