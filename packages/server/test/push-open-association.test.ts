import { type Apdu, T } from "@dlmskit/apdu";
import { type ConnectOptions, clientConformance, connect, type Session } from "@dlmskit/client";
import { fromAscii } from "@dlmskit/core";
import { dataObject, defaultObject, IecHdlcSetup1, type PushSetupOptions } from "@dlmskit/cosem-objects";
import { Primary, Station } from "@dlmskit/hdlc";
import { CounterGuard, type CounterSource } from "@dlmskit/security";
import { openMemoryStore } from "@dlmskit/storage";
import { memoryPair } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { hls5 } from "../src/index.ts";
import { element, energy, key, type PushWorld, pushWorld } from "./a-push.ts";

const keys = { encryptionKey: key(1), authenticationKey: key(2) };
const destination = { transportService: 5, destination: fromAscii("16"), message: 0 };
const hdlcPort = defaultObject(IecHdlcSetup1, "0.0.22.0.0.255");
const long = dataObject("0.0.96.1.0.255", { type: T.octetString, value: new Uint8Array(3000).fill(0x41) });
const confirmedPush: Partial<PushSetupOptions> = {
  ...({ version: 2, portReference: "0.0.22.0.0.255", operationMethod: "confirmed", numberOfRetries: 1 } as const),
};

function counters(): CounterSource {
  let last = 0;
  return { remaining: 1e9, next: () => ++last };
}

interface Heard {
  readonly apdu: Apdu;
  readonly authenticated: boolean;
  readonly at: number;
}

/** A meter that pushes over the open association of its client, and such a client. */
function openWorld(options: Partial<PushSetupOptions> = {}, more: Partial<PushWorld> = {}) {
  const world = pushWorld({
    ...{ options: { destination, ...options }, more: [hdlcPort, long], ...more },
  });
  const { machine, server } = world;
  const heard: Heard[] = [];
  const client = more.client?.client ?? 16;
  const secured = more.client?.security.ciphered === true;
  const security = {
    ...{ suite: 0, keys, systemTitle: fromAscii("HES00001"), counters: counters(), replay: new CounterGuard() },
  };
  const given = (own: Partial<ConnectOptions>): ConnectOptions => ({
    clock: machine,
    timeout: 5000,
    notification: (apdu, { authenticated }) => void heard.push({ apdu, authenticated, at: machine.now() / 1000 }),
    ...(secured
      ? {
          ...{ mechanism: 5, ciphered: true },
          security,
        }
      : {}),
    ...own,
  });
  /** Drives virtual time while something is done. */
  async function during<R>(doing: Promise<R>): Promise<R> {
    let over = false;
    const done = (): void => {
      over = true;
    };
    doing.then(done, done);
    while (!over) await machine.advanceAsync(5);
    return doing;
  }
  return {
    ...world,
    heard,
    during,
    wrapper(own: Partial<ConnectOptions> = {}): Promise<Session> {
      const [duplex, far] = memoryPair({ clock: machine, latency: 1 });
      server.accept(far, new WrapperServerLink());
      return during(connect({ duplex, link: new WrapperClientLink({ client, server: 1 }) }, given(own)));
    },
    hdlc(own: Partial<ConnectOptions> = {}, pollIdle?: number): Promise<Session> {
      const [duplex, far] = memoryPair({ clock: machine, latency: 1 });
      server.accept(far, new Station({ addresses: [{ upper: 1, lower: 16 }], inactivity: 0 }));
      const link = new Primary({
        ...{ client, server: { upper: 1, lower: 16 } },
        ...(pollIdle === undefined ? {} : { pollIdle }),
      });
      return during(connect({ duplex, link }, given(own)));
    },
  };
}

const value = element(energy(), 2);

describe("a push over the association that the client has open", () => {
  it("waits in the queue while the client is not connected, and comes at once when it is", async () => {
    const world = openWorld();
    await world.trigger();
    await world.go(600);
    expect([world.what(), world.dialled]).toEqual([[], []]);
    const session = await world.wrapper();
    await world.go(601);
    expect(world.heard).toMatchObject([{ apdu: { apdu: "data-notification", longInvokeId: 1 }, authenticated: false }]);
    expect(world.what()).toEqual(["sent"]);
    await world.trigger();
    await world.go(602);
    expect(world.heard.map(({ at }) => Math.floor(at))).toEqual([600, 601]);
    await world.during(session.release());
    await world.close();
  });

  it("C8: stands beside answers, under the keys and the policy of the association, in whatever order they come", async () => {
    for (const link of ["wrapper", "hdlc"] as const) {
      const world = openWorld({}, { client: { client: 48, security: hls5(keys) } });
      const session = await world[link]();
      for (let at = 0; at < 5; at++) {
        const reading = Promise.all([session.get(value), session.get(value), session.get(value)]);
        await world.trigger();
        for (const read of await world.during(reading))
          expect(read).toEqual({ type: "double-long-unsigned", value: 7 });
        await world.during(session.get(value));
      }
      expect([link, world.dropped, world.heard.length, world.heard.every((one) => one.authenticated)]).toEqual([
        ...[link, [], 5, true],
      ]);
      expect(world.what()).toEqual(Array.from({ length: 5 }, () => "sent"));
      await world.during(session.release());
      await world.close();
    }
  });

  it("HDLC: the meter speaks when it is polled, and not before", async () => {
    const world = openWorld({}, { client: { client: 48, security: hls5(keys) } });
    const session = await world.hdlc();
    await world.trigger();
    await world.go(100);
    expect([world.heard, world.what()]).toEqual([[], []]);
    await world.during(session.get(value));
    expect(world.heard).toHaveLength(1);
    await world.go(101);
    expect(world.what()).toEqual(["sent"]);
    await world.during(session.release());
    // A client that polls while it has nothing to ask.
    const polling = await world.hdlc({}, 10_000);
    await world.trigger();
    const before = world.machine.now() / 1000;
    await world.go(before + 11);
    expect(world.heard).toHaveLength(2);
    await world.during(polling.release());
    await world.close();
  });

  it("other pushes are sent while many wait for a client to poll", async () => {
    const world = openWorld({}, { push: { atOnce: 1 } });
    const session = await world.hdlc();
    await world.trigger();
    await world.go(1);
    await world.meter.change((device) =>
      device.notify({
        ...{ messageType: "event", destination: "tcp://192.0.2.7:4059", priority: 0 },
        ...{ payload: Uint8Array.of(0xc2, 0, 0, 1, 0, 0, 96, 1, 0, 255, 2, 0), scheduledTime: 0, client: 16 },
      }),
    );
    await world.go(2);
    expect(world.received).toHaveLength(1);
    await world.during(session.release());
    await world.close();
  });

  it("P6: is confirmed by the client, and sent again under the same id where it is not", async () => {
    for (const secured of [false, true]) {
      const more = secured ? { client: { client: 48, security: hls5(keys) } } : {};
      const world = openWorld(confirmedPush, more);
      const session = await world.wrapper();
      await world.trigger();
      await world.go(1);
      expect(world.what()).toEqual(["confirmed"]);
      await world.during(session.release());
      const deaf = await world.wrapper({ confirmNotifications: false });
      await world.trigger();
      await world.go(200);
      expect(world.what()).toEqual(["confirmed", "again", "failed"]);
      expect(world.heard.map(({ apdu }) => "longInvokeId" in apdu && apdu.longInvokeId)).toEqual([1, 2, 2]);
      await world.during(deaf.release());
      await world.close();
    }
  });

  it("P7: goes in blocks where it is longer than the client takes, and not at all where there are none", async () => {
    const world = openWorld({ pushObjectList: [element(long, 2)] }, { client: { client: 48, security: hls5(keys) } });
    const session = await world.wrapper({ maxReceivePduSize: 200 });
    await world.trigger();
    // A long answer in blocks meanwhile.
    await world.during(Promise.all([session.get(element(long, 2)), world.go(1)]));
    expect(world.heard).toMatchObject([{ authenticated: true, apdu: { body: { value: [{ type: "octet-string" }] } } }]);
    await world.during(session.release());
    const conformance = clientConformance.filter((name) => name !== "general-block-transfer");
    const without = await world.wrapper({
      ...{ maxReceivePduSize: 200, conformance: [...conformance, "general-protection"] },
    });
    await world.trigger();
    await world.go(10);
    expect(world.heard).toHaveLength(1);
    expect(world.what()).toEqual(["sent", "failed"]);
    await world.during(without.release());
    await world.close();
  });

  it("is not sent to a client that has not negotiated data-notification", async () => {
    const world = openWorld();
    const session = await world.wrapper({ conformance: ["get"] });
    await world.trigger();
    await world.go(10);
    expect([world.heard, world.what()]).toEqual([[], ["failed"]]);
    await world.during(session.release());
    await world.close();
  });

  it("waits for the window, and over a restart", async () => {
    const every = { year: null, month: null, day: null, dayOfWeek: null, deviation: null, status: null };
    const at = (hour: number, minute: number) => ({ ...every, hour, minute, second: 0, hundredths: 0 });
    const communicationWindow = [{ startTime: at(10, 10), endTime: at(10, 20) }];
    const windows = openWorld({ communicationWindow });
    await windows.go(590);
    const open = await windows.wrapper();
    await windows.trigger();
    await windows.go(599);
    expect(windows.heard).toEqual([]);
    await windows.go(601);
    expect(windows.heard).toHaveLength(1);
    await windows.during(open.release());
    await windows.close();

    const store = await openMemoryStore();
    const first = openWorld({}, { store });
    await first.trigger();
    await first.go(5);
    await first.close();
    const next = openWorld({}, { store });
    await next.go(70);
    const session = await next.wrapper();
    await next.go(71);
    expect(next.heard).toMatchObject([{ apdu: { longInvokeId: 1 } }]);
    expect(await store.messageQueue.counts()).toMatchObject({ SENT: 1, PENDING: 0 });
    await next.during(session.release());
    await next.close();
  });

  it("another client's association, and one without authentication, get nothing of it", async () => {
    const world = openWorld({}, { client: { client: 48, security: hls5(keys) } });
    const [duplex, far] = memoryPair({ clock: world.machine, latency: 1 });
    world.server.accept(far, new WrapperServerLink());
    const heard: Apdu[] = [];
    const other = await world.during(
      connect(
        { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) },
        { clock: world.machine, notification: (apdu) => void heard.push(apdu) },
      ),
    );
    await world.trigger();
    await world.go(120);
    expect([heard, world.what()]).toEqual([[], []]);
    const session = await world.wrapper();
    await world.go(121);
    expect([heard.length, world.heard.length]).toEqual([0, 1]);
    await world.during(Promise.all([session.release(), other.release()]));
    await world.close();
  });
});
