import { connect } from "@dlmskit/client";
import type { ServerEvent } from "@dlmskit/server";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { systemClock, tcpConnect, tcpListen } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { partOf, progressSpan, spanOf } from "../src/fleet/shard.ts";
import { createSimulator, type Simulator } from "../src/index.ts";
import { bottled, day, listed, now0, readBy, stepTo } from "./bottle.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const nameOf = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };

describe("the parts of a fleet", () => {
  it("follow each other without gaps, and each meter is in one of them", () => {
    const parts = fc.integer({ min: 1, max: 1_000_000 }).chain((meters) =>
      fc.record({
        span: fc.record({ first: fc.integer({ min: 0, max: 1_000_000 }), meters: fc.constant(meters) }),
        of: fc.integer({ min: 1, max: Math.min(meters, 300) }),
        at: fc.integer({ min: 0, max: meters - 1 }),
      }),
    );
    fc.assert(
      fc.property(parts, ({ span, of, at }) => {
        let next = span.first;
        for (let index = 0; index < of; index++) {
          const part = spanOf(span, { index, of });
          expect(part.first).toBe(next);
          expect(Math.abs(part.meters - span.meters / of)).toBeLessThan(1);
          expect(partOf(span, of, part.first)).toBe(index);
          next += part.meters;
          expect(partOf(span, of, next - 1)).toBe(index);
        }
        expect(next).toBe(span.first + span.meters);
        const { first, meters } = spanOf(span, { index: partOf(span, of, span.first + at), of });
        expect(span.first + at >= first && span.first + at < first + meters).toBe(true);
      }),
      { numRuns: times(50) },
    );
  });

  it("that do not exist are refused", async () => {
    for (const shard of [
      { index: 4, of: 4 },
      { index: -1, of: 4 },
      { index: 0, of: 0 },
      { index: 0.5, of: 2 },
      { index: 0, of: 11 },
    ]) {
      await expect(createSimulator({ meters: 10, shard })).rejects.toMatchObject({ code: "bad-value" });
    }
    expect(progressSpan("0/2", 10)).toBeUndefined();
  });

  it("are together what one process serves: identities, addresses on their ports, data", async () => {
    const { simulator: one } = await bottled({ meters: 10 });
    const all = await listed(one.identities());
    const union = [];
    for (let index = 0; index < 4; index++) {
      const { simulator } = await bottled({ meters: 10, shard: { index, of: 4 } });
      const { first, meters } = simulator.served;
      await using listening = await simulator.listen({ port: 0 });
      const [port] = listening.ports;
      expect(port?.meters).toEqual({ first, meters });
      const reached = listening.reached[0];
      const identities = await listed(simulator.identities(reached === undefined ? {} : { reached }));
      // Each process has its own port, and counts its addresses from the first.
      expect(identities.map(({ serverAddress }) => serverAddress)).toEqual(
        all.slice(0, meters).map(({ serverAddress }) => serverAddress),
      );
      expect(new Set(identities.map((identity) => identity.port))).toEqual(new Set([port?.port]));
      union.push(...identities);
      for (const at of [first, first + meters - 1]) {
        expect(await readBy(simulator, at, energy)).toEqual(await readBy(one, at, energy));
      }
      await simulator.close();
    }
    const withoutAddress = (identity: (typeof all)[number]) => ({ ...identity, port: 0, serverAddress: 0 });
    expect(union.map(withoutAddress)).toEqual(all.map(withoutAddress));
    await one.close();
  });

  it("answer at no address of another part", async () => {
    const { simulator } = await bottled({ meters: 3, shard: { index: 1, of: 3 }, clock: systemClock });
    await using listening = await simulator.listen({ port: 0 });
    const port = listening.ports[0]?.port ?? 0;
    const nameAt = async (server: number): Promise<string> => {
      const link = new WrapperClientLink({ client: 16, server });
      await using session = await connect(
        { duplex: await tcpConnect("127.0.0.1", port), link },
        { clock: systemClock, mechanism: 0, timeout: 500, retries: 0 },
      );
      return String.fromCharCode(...((await session.get(nameOf)) as { value: Uint8Array }).value);
    };
    const first = (await simulator.identity(1, listening.reached[0])).serverAddress;
    expect(await nameAt(first)).toBe(simulator.fleet.logicalDeviceName(1));
    await expect(nameAt(first + 1)).rejects.toThrow();
    await simulator.close();
  });
});

describe("what the idle meters of a part did", () => {
  const profile = { classId: 7, instanceId: "1.0.99.1.0.255", attributeId: 7 };
  const rowsOf = async (simulator: Simulator, index: number): Promise<number> =>
    Number(((await readBy(simulator, index, profile)) as { value: number }).value);

  it("goes on when the fleet is divided in another way", async () => {
    const state = new MemoryState();
    const stretch = async (from: number, to: number, of: number): Promise<void> => {
      for (let index = 0; index < of; index++) {
        const bottle = await bottled({ meters: 4, start: from, shard: { index, of } }, state);
        await stepTo(bottle, to);
        await bottle.simulator.close();
      }
    };
    await stretch(now0, now0 + day, 1);
    await stretch(now0 + 2 * day, now0 + 3 * day, 2);
    await stretch(now0 + 4 * day, now0 + 5 * day, 4);
    const { simulator } = await bottled({ meters: 4, start: now0 + 5 * day }, state);
    const { fleets } = simulator.store;
    const kept = await fleets.progress("is15959-d1");
    expect(kept.map(({ shard }) => shard).toSorted()).toEqual(["0+1", "0+2", "1+1", "2+1", "2+2", "3+1", "all"]);
    const rows = await Promise.all([0, 1, 2, 3].map((index) => rowsOf(simulator, index)));
    expect(new Set(rows).size).toBe(1);
    expect(rows[0]).toBeGreaterThan(100);
    await simulator.close();
  });
});

describe("workers on the same ports", () => {
  it("forward the sessions of meters that another worker has in its memory", async () => {
    const events: ServerEvent[] = [];
    const addresses: string[] = [];
    const workers: Simulator[] = [];
    const relays = [];
    for (let index = 0; index < 2; index++) {
      const relay = await tcpListen({ port: 0, accept: (duplex) => workers[index]?.server.acceptRelayed(duplex) });
      relays.push(relay);
      addresses.push(`127.0.0.1:${relay.port}`);
      workers.push(
        await createSimulator({
          ...{ meters: 4, seed: "workers", store: await openMemoryStore(), events: (event) => events.push(event) },
          worker: { index, of: 2, addressOf: (at) => addresses[at] },
        }),
      );
    }
    const [first, second] = workers as [Simulator, Simulator];
    await using listening = await first.listen({ port: 0 });
    for (const meter of [0, 3]) {
      const { serverAddress } = await first.identity(meter, listening.reached[0]);
      const link = new WrapperClientLink({ client: 16, server: serverAddress });
      const duplex = await tcpConnect("127.0.0.1", listening.ports[0]?.port ?? 0);
      await using session = await connect({ duplex, link }, { clock: systemClock, mechanism: 0 });
      expect(String.fromCharCode(...((await session.get(nameOf)) as { value: Uint8Array }).value)).toBe(
        first.fleet.logicalDeviceName(meter),
      );
    }
    const forwarded = events.filter(({ type }) => type === "forwarded");
    expect(forwarded).toHaveLength(1);
    // The meter that was handed over was loaded where it belongs, and only there.
    expect(await second.store.meters.count()).toBe(2);
    expect(await first.store.meters.count()).toBe(1);
    await Promise.all([...workers, ...relays].map((one) => one.close()));
  });
});
