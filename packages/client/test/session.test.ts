import { dataOf, T } from "@dlmskit/apdu";
import { type ClientLink, Fault, fromHex } from "@dlmskit/core";
import { CounterLedger } from "@dlmskit/security";
import { LinkPump } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { connect, DurableCounters, readInvocationCounter } from "../src/index.ts";
import { FakeMeter, register, settle } from "./fake-meter.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const meterWithEnergy = (...given: ConstructorParameters<typeof FakeMeter>) =>
  register(new FakeMeter(...given), "1.0.1.8.0.255", 12345, -3, 30);
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no fault",
    (caught) => (caught as Fault).code,
  );

describe("a session", () => {
  it("reads, writes, invokes and releases", async () => {
    const meter = meterWithEnergy();
    const told: unknown[] = [];
    const session = await connect(meter.line(), meter.options({ closed: (fault) => told.push(fault) }));
    expect(session.association.serverMaxReceivePduSize).toBe(512);
    expect(await session.get(energy)).toEqual({ type: "double-long-unsigned", value: 12345 });
    expect(await session.get({ ...energy, instanceId: "1-0:1.8.0*255" })).toMatchObject({ value: 12345 });
    expect(await session.read(energy, T.doubleLongUnsigned)).toBe(12345);
    await session.set(energy, dataOf(T.doubleLongUnsigned, 7));
    expect(await session.read(energy, T.doubleLongUnsigned)).toBe(7);
    const method = { classId: 3, instanceId: "1.0.1.8.0.255", methodId: 1 };
    expect(await session.invoke(method)).toBeUndefined();
    expect(await session.invoke(method, { type: "integer", value: 5 })).toEqual({ type: "integer", value: 5 });
    await session.release();
    expect(meter.responder.state).toBe("idle");
    expect(told).toEqual([undefined]);
    expect(await codeOf(session.get(energy))).toBe("closed");
    expect(meter.clock.waiting).toBe(0);
  });

  it("says what the meter refuses, with a hint", async () => {
    const meter = meterWithEnergy();
    await using session = await connect(meter.line(), meter.options());
    const refused = await session.get({ ...energy, attributeId: 9 }).catch((caught) => caught);
    expect(refused).toBeInstanceOf(Fault);
    expect(refused.toJSON()).toMatchObject({
      code: "object-undefined",
      layer: "client",
      message: expect.stringContaining("attribute 9 of 1.0.1.8.0.255"),
      hint: expect.stringContaining("discover()"),
    });
    expect(await codeOf(session.set({ ...energy, attributeId: 9 }, { type: "null-data" }))).toBe("object-undefined");
    const method = { classId: 3, instanceId: "1.0.1.8.0.255", methodId: 9 };
    expect(await codeOf(session.invoke(method))).toBe("read-write-denied");
    expect(await codeOf(session.invoke({ ...method, methodId: 8 }))).toBe("other-reason");
  });

  it("reads lists in parts that the meter takes, and one by one where it takes none", async () => {
    const items = Array.from({ length: 40 }, (_, at) => ({
      classId: 1,
      instanceId: `0.0.96.1.${at}.255`,
      attributeId: 2,
    }));
    const fill = (meter: FakeMeter) => {
      for (const { instanceId } of items) meter.put(1, instanceId, 2, { type: "visible-string", value: instanceId });
      return meter;
    };
    const expected = items.map(({ instanceId }) => ({ data: { type: "visible-string", value: instanceId } }));

    const listed = fill(new FakeMeter({ maxReceivePduSize: 64 }));
    const session = await connect(listed.line(), listed.options());
    expect(await session.get(items)).toEqual(expected);
    expect(listed.served.every(({ request }) => request.items.length <= 5)).toBe(true);
    expect(
      await session.set(items.slice(0, 3).map((attribute) => ({ attribute, value: { type: "null-data" } }))),
    ).toEqual(["success", "success", "success"]);
    const methods = items
      .slice(0, 3)
      .map(({ classId, instanceId }) => ({ method: { classId, instanceId, methodId: 1 } }));
    expect(await session.invoke(methods)).toHaveLength(3);

    const single = fill(new FakeMeter({ conformance: ["get"] }));
    const other = await connect(single.line(), single.options());
    expect(await other.get(items)).toEqual(expected);
    expect(single.served).toHaveLength(40);
    await session.release();
    await other.release();
  });

  it("asks again for a GET that was not answered, never for a SET", async () => {
    const meter = meterWithEnergy();
    await using session = await connect(meter.line(), meter.options());
    meter.mute = 1;
    const reading = session.get(energy);
    await settle();
    meter.clock.advance(1000);
    expect(await reading).toMatchObject({ value: 12345 });
    meter.mute = 1;
    const writing = codeOf(session.set(energy, { type: "null-data" }));
    await settle();
    meter.clock.advance(1000);
    expect(await writing).toBe("timeout");
    expect(meter.served.filter(({ request }) => request.service === "set")).toHaveLength(1);
    // The association goes on.
    expect(await session.get(energy)).toEqual({ type: "null-data" });
  });

  it("rejects for a reference that is none, and never throws instead", async () => {
    const meter = meterWithEnergy();
    await using session = await connect(meter.line(), meter.options());
    const wrong = { ...energy, instanceId: "1.0.1.8" };
    const rejected = [session.get(wrong), session.get([energy, wrong]), session.set(wrong, { type: "null-data" })];
    expect(await Promise.all(rejected.map(codeOf))).toEqual(Array(3).fill("bad-logical-name"));
    expect(meter.served).toHaveLength(0);
  });

  it("gives up when the meter is silent, and cannot be opened", async () => {
    const meter = meterWithEnergy();
    meter.mute = 1;
    const opening = codeOf(connect(meter.line(), meter.options()));
    await settle();
    meter.clock.advance(1000);
    expect(await opening).toBe("timeout");
    const refused = connect(meter.line(), meter.options({ mechanism: 1, secret: fromHex("30303030") }));
    await expect(refused).rejects.toMatchObject({
      code: "association-refused",
      hint: expect.stringMatching(/mechanism|secret/),
    });
  });

  it("settles every promise when the line breaks", async () => {
    const meter = meterWithEnergy();
    const told: (Fault | undefined)[] = [];
    const session = await connect(meter.line(), meter.options({ closed: (fault) => told.push(fault) }));
    meter.mute = 9;
    const readings = [session.get(energy), session.get([energy, energy])].map(codeOf);
    await settle();
    meter.duplex?.destroy();
    expect(await Promise.all(readings)).toEqual(["link-lost", "link-lost"]);
    expect(told.map((fault) => fault?.code)).toEqual(["link-lost"]);
    expect(await codeOf(session.get(energy))).toBe("link-lost");
    await session.release();
    await session[Symbol.asyncDispose]();
  });

  it("releases even when the meter does not answer", async () => {
    const meter = meterWithEnergy();
    const session = await connect(meter.line(), meter.options());
    meter.mute = 1;
    const releasing = session.release();
    await settle();
    meter.clock.advance(1000);
    await releasing;
  });

  it("takes a pump that its owner made, and the host's own randomness", async () => {
    const meter = meterWithEnergy({ mechanism: 4, secret: fromHex("0102030405060708") });
    const { duplex, link } = meter.line();
    const pump = new LinkPump<ClientLink>({ duplex, link, clock: meter.clock });
    await using session = await connect(pump, {
      clock: meter.clock,
      mechanism: 4,
      secret: fromHex("0102030405060708"),
      userId: 3,
      limits: {},
      quirks: [],
    });
    expect(session.remote).toBe("memory:2");
    expect(session.association).toMatchObject({ mechanism: 4, userId: 3 });
    const method = { classId: 3, instanceId: "1.0.1.8.0.255", methodId: 1 };
    expect(await session.invoke(method, undefined, { confirmed: false })).toBeUndefined();
    expect(await session.set(energy, { type: "null-data" }, { confirmed: false })).toBeUndefined();
  });

  it("hands on what comes unasked, and what fits nothing", async () => {
    const meter = meterWithEnergy();
    const told: string[] = [];
    const session = await connect(
      meter.line(),
      meter.options({ notification: ({ apdu }) => told.push(apdu), dropped: ({ code }) => told.push(code) }),
    );
    meter.send(fromHex("c200000301000108 00ff020600000001".replace(" ", "")));
    meter.send(fromHex("c401c1000600000001"));
    await settle();
    expect(told).toEqual(["event-notification-request", "unexpected-apdu"]);
    await session.release();
  });
});

describe("C12: a line that breaks at any octet", () => {
  it("settles every promise, and leaves no timer", async () => {
    for (let budget = 0; budget < 400; budget += 7) {
      const meter = meterWithEnergy({ ciphered: true, mechanism: 5 });
      const line = meter.line();
      let left = budget;
      const { duplex } = line;
      const send = duplex.send.bind(duplex);
      duplex.send = (octets) => {
        left -= octets.length;
        if (left >= 0) send(octets);
        else duplex.destroy();
      };
      const told: unknown[] = [];
      const outcome = await connect(line, meter.options(meter.secured())).then(
        async (session) => {
          const results = await Promise.all([codeOf(session.get(energy)), codeOf(session.get([energy, energy]))]);
          await session.release();
          return results.flat();
        },
        (caught) => [(caught as Fault).code],
      );
      for (const code of outcome) told.push(code);
      expect(told.length).toBeGreaterThan(0);
      expect(told.every((code) => code === "link-lost" || code === "no fault")).toBe(true);
      await settle();
      expect(meter.clock.waiting).toBe(0);
    }
  });
});

describe("a protected session", () => {
  it("does not open with counters that nobody reserved, nor without the keys that belong to it", async () => {
    const meter = meterWithEnergy({ ciphered: true, mechanism: 5 });
    const options = meter.options(meter.secured());
    const security = { ...options.security, counters: new CounterLedger({ start: 0 }) } as NonNullable<
      typeof options.security
    >;
    expect(await codeOf(connect(meter.line(), { ...options, security }))).toBe("counter-not-reserved");
    const short = {
      ...options.security,
      keys: { encryptionKey: new Uint8Array(3), authenticationKey: new Uint8Array(3) },
    };
    expect(await codeOf(connect(meter.line(), { ...options, security: short as typeof security }))).toBe(
      "bad-key-length",
    );
    const { security: _none, ...bare } = options;
    expect(await codeOf(connect(meter.line(), bare))).toBe("missing-parameter");
    await settle();
    let closed = false;
    const { duplex, link } = meter.line();
    expect(await codeOf(connect({ duplex, link }, bare))).toBe("missing-parameter");
    duplex.start({ received: () => undefined, closed: () => (closed = true) });
    await settle();
    expect(closed).toBe(true);
  });

  it("authenticates and reads, and reserves counters before it uses them", async () => {
    const meter = meterWithEnergy({ ciphered: true, mechanism: 5 });
    const reserved: number[] = [];
    const counters = new DurableCounters({
      start: 100,
      block: 8,
      reserve: async (upTo) => {
        await Promise.resolve();
        reserved.push(upTo);
      },
    });
    const session = await connect(meter.line(), meter.options(meter.secured(counters)));
    for (let turn = 0; turn < 40; turn++) expect(await session.read(energy, T.doubleLongUnsigned)).toBe(12345);
    expect(counters.lowest).toBe(142 + 1);
    expect(reserved[0]).toBe(108);
    expect(Math.max(...reserved)).toBeGreaterThanOrEqual(counters.lowest);
    await session.release();
  });

  it("uses no counter when none can be reserved", async () => {
    const meter = meterWithEnergy({ ciphered: true, mechanism: 5 });
    const counters = new DurableCounters({ start: 0, reserve: () => Promise.reject(new Error("disk full")) });
    const refused = await connect(meter.line(), meter.options(meter.secured(counters))).catch((caught) => caught);
    expect(refused.code).toBe("reservation-failed");
    expect(refused.cause.message).toBe("disk full");
    expect(counters.lowest).toBe(0);
  });

  it("goes on from the counter that the meter expects, within bounds, and never back", async () => {
    const meter = meterWithEnergy({ ciphered: true, mechanism: 5 });
    const counters = new DurableCounters({ start: 0, reserve: () => undefined });
    const session = await connect(meter.line(), meter.options(meter.secured(counters)));
    meter.guard.accept(1000);
    expect(await session.read(energy, T.doubleLongUnsigned)).toBe(12345);
    expect(counters.lowest).toBe(1002);
    meter.guard.accept(2000);
    const write = await session.set(energy, { type: "null-data" }).catch((caught) => caught);
    expect(write.code).toBe("invocation-counter-error");
    expect(counters.lowest).toBe(2001);
    meter.guard.accept(2002 + 0x10000);
    const far = await session.get(energy).catch((caught) => caught);
    expect(far.code).toBe("counter-jump");
    expect(far.expected).toBe(2003 + 0x10000);
    expect(counters.lowest).toBe(2002);
    await counters.raise(5, 10);
    expect(counters.lowest).toBe(2002);
    await session.release();
  });

  it("learns the counter when it opens, and opens the next time", async () => {
    const meter = meterWithEnergy({ ciphered: true, mechanism: 5 });
    meter.guard.accept(4999);
    const counters = new DurableCounters({ start: 0, reserve: () => undefined });
    const options = meter.options(meter.secured(counters));
    expect(await codeOf(connect(meter.line(), options))).toBe("invocation-counter-error");
    expect(counters.lowest).toBe(5000);
    const session = await connect(meter.line(), options);
    await session.release();
    meter.guard.accept(0x20000);
    expect(await codeOf(connect(meter.line(), options))).toBe("counter-jump");
  });

  it("ends the link at once where the meter knows no release", async () => {
    const meter = meterWithEnergy();
    const session = await connect(meter.line(), meter.options({ noRelease: true }));
    await session.release();
    await settle();
    expect(meter.served).toEqual([]);
    expect(meter.responder.state).toBe("idle");
  });

  it("reads the counter as the public client", async () => {
    const meter = new FakeMeter().put(1, "0.0.43.1.0.255", 2, { type: "double-long-unsigned", value: 77 });
    expect(await readInvocationCounter(meter.line(), meter.options())).toBe(77);
    expect(meter.responder.state).toBe("idle");
  });
});
