import { T } from "@dlmskit/apdu";
import type { ClientLink, Link } from "@dlmskit/core";
import { clock, profileGeneric, register } from "@dlmskit/cosem-objects";
import { Primary, Station } from "@dlmskit/hdlc";
import { MbusClientLink, MbusServerLink } from "@dlmskit/mbus";
import { CounterGuard } from "@dlmskit/security";
import { hls5, lls, type Meter, meter, none, SimulatedTime, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, DurableCounters } from "../src/index.ts";
import { keys } from "./fake-meter.ts";

const instant = Date.UTC(2026, 0, 31, 12);

function acme(): Meter {
  const time = clock();
  const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 123456, unit: "Wh", scaler: -1 });
  const load = profileGeneric("1-0:99.1.0", { capture: [time, energy], period: 900, entries: 96 });
  return meter({
    name: "ACM0000000000001",
    objects: [time, energy, load],
    associations: {
      public: { client: 16, security: none(), access: "read" },
      reader: { client: 32, security: lls("12345678"), access: "read" },
      admin: { client: 48, security: hls5(keys), access: "full" },
    },
  });
}

const links = {
  wrapper: {
    server: (): Link => new WrapperServerLink(),
    client: (client: number): ClientLink => new WrapperClientLink({ client, server: 1 }),
  },
  hdlc: {
    server: (): Link => new Station({ addresses: () => true }),
    client: (client: number): ClientLink => new Primary({ client, server: { upper: 1, lower: 17, octets: 2 } }),
  },
  mbus: {
    server: (): Link => new MbusServerLink({ addresses: [5] }),
    client: (client: number): ClientLink => new MbusClientLink({ client, server: 1, address: 5 }),
  },
};

describe.each(["wrapper", "hdlc", "mbus"] as const)("a meter over TCP and %s", (kind) => {
  async function bench(
    run: (open: (client: number, options?: Partial<ConnectOptions>) => ReturnType<typeof connect>) => Promise<void>,
  ) {
    await using running = await serve(acme(), {
      on: { line: tcp(0, links[kind].server) },
      time: new SimulatedTime({ source: () => instant }),
    });
    const { host = "", port = 0 } = running.addresses.line ?? {};
    await run(async (client, options = {}) =>
      connect(
        { duplex: await tcpConnect(host, port), link: links[kind].client(client) },
        { clock: systemClock, timeout: 5000, ...options },
      ),
    );
  }

  it("is read by the public client, and by one with a password", () =>
    bench(async (open) => {
      for (const [client, options] of [
        [16, {}],
        [32, { mechanism: 1, secret: new TextEncoder().encode("12345678") }],
      ] as const) {
        await using session = await open(client, options);
        expect(
          await session.read({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, T.doubleLongUnsigned),
        ).toBe(123456);
        const { objects, problems } = await session.discover();
        expect(problems).toEqual([]);
        expect(objects.map(({ instanceId }) => instanceId)).toContain("1.0.99.1.0.255");
        expect(objects.find(({ classId }) => classId === 15)?.className).toBeDefined();
      }
    }));

  it("keeps out who does not know the password", () =>
    bench(async (open) => {
      const refused = open(32, { mechanism: 1, secret: Uint8Array.of(1, 2, 3, 4) });
      await expect(refused).rejects.toMatchObject({ code: "association-refused" });
      await expect(open(99)).rejects.toMatchObject({
        code: expect.stringMatching(/association-refused|timeout|link-lost/),
      });
    }));

  it("is read and captured in a protected association, and its profile is a table", () =>
    bench(async (open) => {
      const counters = new DurableCounters({ start: 1, reserve: () => undefined });
      await using session = await open(48, {
        ciphered: true,
        mechanism: 5,
        security: {
          suite: 0,
          keys,
          counters,
          replay: new CounterGuard(),
          systemTitle: new TextEncoder().encode("CLI00001"),
        },
      });
      expect(session.association).toMatchObject({ ciphered: true, mechanism: 5 });
      await session.invoke({ classId: 7, instanceId: "1.0.99.1.0.255", methodId: 2 }, { type: "integer", value: 0 });
      const { columns, rows } = await session.profile("1.0.99.1.0.255", {
        from: instant - 60_000,
        to: instant + 60_000,
      });
      expect(columns.map(({ unit, scaler }) => [unit, scaler])).toEqual([
        [undefined, undefined],
        ["Wh", -1],
      ]);
      expect(rows.map((row) => row[1]?.value)).toEqual([12345.6]);
      expect(rows[0]?.[0]?.value).toMatchObject({ year: 2026, month: 1, day: 31 });
      expect((await session.profile("1.0.99.1.0.255", { entries: [1, 0] })).rows).toEqual(rows);
      expect((await session.profile("1.0.99.1.0.255")).rows).toEqual(rows);
    }));
});
