import { type Data, type DataLike, T, treeOf } from "@dlmskit/apdu";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { encodeWpdu } from "@dlmskit/wrapper";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { hls5, Meter, meterTemplate, none } from "../src/index.ts";
import { ak, Bench, type Client, ek, protectedClient } from "./a-client.ts";
import { aMeter } from "./a-meter.ts";

const energy = [3, "1.0.1.8.0.255", 2] as const;
const counts = (value: unknown): number => (treeOf((value as { data: DataLike }).data) as { value: number }).value;

describe("sessions", () => {
  it("serves two clients at once, each with what is its own", async () => {
    const bench = new Bench(aMeter().meter);
    const open = await bench.client({ client: 1 }).open();
    const utility = await bench.client({ client: 48, mechanism: 5, security: protectedClient() }).open();
    const [one, two] = await Promise.all([open.get(energy), utility.get(energy)]);
    expect([counts(one?.[0]), counts(two?.[0])]).toEqual([1234, 1234]);
    await utility.release();
    expect(counts((await open.get(energy))[0])).toBe(1234);
    expect(bench.server.connections).toBe(2);
  });

  it("serves several clients on one connection", async () => {
    const bench = new Bench(aMeter().meter);
    const wire = bench.plug();
    const got: Uint8Array[] = [];
    wire.start({ received: (octets) => void got.push(octets), closed: () => undefined });
    const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400 00101901 00".replaceAll(" ", ""));
    for (const client of [16, 1, 1]) wire.send(encodeWpdu({ source: client, destination: 1, pdu: aarq }));
    await bench.settle();
    expect(got).toHaveLength(3);
    expect(bench.events.filter(({ type }) => type === "associated")).toHaveLength(3);
  });

  it("keeps silent where nobody of that address is (W3)", async () => {
    const bench = new Bench(aMeter().meter);
    const nobody = await bench.client({ client: 1, server: 2 }).open();
    expect(nobody.opened).toBe(false);
    expect(nobody.received).toEqual([]);
    expect(bench.server.knows({ client: 1, server: 1 })).toBe(true);
    expect(bench.server.knows({ client: 1, server: 2 })).toBe(false);
  });

  it("drops the association with the connection (W6)", async () => {
    const bench = new Bench(aMeter().meter);
    const client = await bench.client({ client: 1 }).open();
    client.pump.destroy();
    await bench.settle();
    expect(bench.server.connections).toBe(0);
    expect(bench.events.at(-2)).toMatchObject({ type: "released", why: "disconnected" });
    const again = bench.client({ client: 1 });
    expect((await again.raw(fromHex("c001c10003010001080 0ff0200".replaceAll(" ", ""))))?.[0]).toBe(0xd8);
  });

  it("answers what a client asked before it closed its side (W9)", async () => {
    const bench = new Bench(aMeter().meter);
    const client = await bench.client({ client: 1 }).open();
    client.initiator.request(
      { service: "get", items: [{ classId: 1, instanceId: "0.0.96.1.12.255", attributeId: 2 }] },
      {},
      0,
    );
    client.drain();
    client.pump.duplex.end();
    await bench.settle(50);
    expect(client.outputs.some(({ type }) => type === "response")).toBe(true);
    expect(client.closed).toBe(true);
    expect(bench.server.connections).toBe(0);
  });

  it("closes a connection on which nothing is said", async () => {
    const bench = new Bench(aMeter().meter, { limits: { inactivity: 1000 } });
    const idle = await bench.client({ client: 1 }).open();
    const mute = bench.plug();
    mute.start({ received: () => undefined, closed: () => undefined });
    bench.clock.advance(600);
    await idle.get(energy);
    bench.clock.advance(600);
    await bench.settle();
    expect(idle.closed).toBe(false);
    bench.clock.advance(1000);
    await bench.settle();
    expect(bench.server.connections).toBe(0);
    const never = new Bench(aMeter().meter, { limits: { inactivity: 0, firstAssociation: 0 } });
    never.plug().start({ received: () => undefined, closed: () => undefined });
    never.clock.advance(100_000);
    expect(never.server.connections).toBe(1);
  });

  it("closes a connection on which no association is opened in time, and says why", async () => {
    const bench = new Bench(aMeter().meter, { limits: { inactivity: 0, firstAssociation: 1000 } });
    const client = await bench.client({ client: 1 }).open();
    const stranger = bench.client({ client: 1 });
    for (let at = 0; at < 3; at++) await stranger.raw(fromHex("c001c100030100010800ff0200"));
    bench.clock.advance(1000);
    await bench.settle();
    expect([client.closed, stranger.closed]).toEqual([false, true]);
    expect(bench.events.at(-1)).toMatchObject({ type: "closed", fault: { code: "no-association" } });
  });

  it("opens no more associations than the meter has room for", async () => {
    const made = aMeter().meter;
    const bench = new Bench(made, { limits: { associationsPerMeter: 2 } });
    const clients: Client[] = [];
    for (const client of [1, 16, 1]) clients.push(await bench.client({ client }).open());
    const [first, second, third] = clients as [Client, Client, Client];
    expect(third.opened).toBe(true);
    expect(made.openAssociations).toBe(2);
    // The one that was silent longest gave way.
    const get = fromHex("c001c100030100010800ff0200");
    expect((await first.raw(get))?.[0]).toBe(0xd8);
    expect((await second.raw(get))?.[0]).toBe(0xc4);
    expect(bench.events.filter(({ type }) => type === "released")).toMatchObject([{ why: "aborted" }]);
  });

  it("refuses for the moment where all that are open wait for an answer, in the client's own context", async () => {
    const read = { value: () => new Promise<number>(() => undefined) };
    const endless = dataObject("0.0.96.1.16.255", { type: T.unsigned, value: 0 }, { read });
    const secured = hls5({ encryptionKey: ek, authenticationKey: ak });
    const made = new Meter(
      meterTemplate({
        objects: [endless],
        associations: { open: { client: 1, security: none() }, utility: { client: 48, security: secured } },
      }),
      { name: "TST0000000000001" },
    );
    const bench = new Bench(made, { limits: { associationsPerMeter: 1, hook: 1000 } });
    const utility = (start: number) => ({ client: 48, mechanism: 5, security: protectedClient({}, start) }) as const;
    for (const [how, again, context] of [
      [{ client: 1 }, { client: 1 }, "01"],
      [utility(1), utility(1000), "03"],
    ] as const) {
      const first = await bench.client(how).open();
      const pending = first.get([1, endless.instance, 2]);
      await bench.settle(1);
      const other = await bench.client(again).open();
      // AARE, rejected-transient.
      expect(toHex(other.received[0] as Uint8Array)).toMatch(`a1090607608574050801${context}a203020102`);
      expect(await pending).toEqual([{ error: "temporary-failure" }]);
      expect((await other.open()).opened).toBe(true);
    }
  });

  it("has no more sessions on a connection than it may, and loses nothing of what waits in line", async () => {
    const bench = new Bench(aMeter().meter, { limits: { sessionsPerConnection: 1, outstandingRequests: 2 } });
    const wire = bench.plug();
    const got: Uint8Array[] = [];
    wire.start({ received: (octets) => void got.push(octets), closed: () => undefined });
    const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f040000101901 00".replaceAll(" ", ""));
    wire.send(encodeWpdu({ source: 1, destination: 1, pdu: aarq }));
    wire.send(encodeWpdu({ source: 16, destination: 1, pdu: aarq }));
    await bench.settle();
    expect(got).toHaveLength(1);
    const slow = fromHex("c001c1000100006001 0cff0200".replaceAll(" ", ""));
    for (let at = 0; at < 6; at++) wire.send(encodeWpdu({ source: 1, destination: 1, pdu: slow }));
    await bench.settle(40);
    expect(got).toHaveLength(1 + 6);
  });

  it("takes no more than may wait while the meter is busy: the rest waits in the line", async () => {
    let release = (): void => undefined;
    const held = new Promise<number>((resolve) => {
      release = () => resolve(7);
    });
    const slow = dataObject("0.0.96.1.2.255", { type: T.unsigned, value: 1 }, { read: { value: () => held } });
    const associations = { open: { client: 1, security: none() } };
    const bench = new Bench(new Meter(meterTemplate({ objects: [slow], associations }), { name: "TST1" }), {
      limits: { outstandingRequests: 2 },
    });
    const client = await bench.client({ client: 1 }).open();
    const answers = client.received.length;
    for (let at = 0; at < 16; at++) client.pump.send(fromHex(`c001c${at.toString(16)}00010000600102ff0200`));
    await bench.settle();
    // One is served, two wait, and one came before the line was told to pause.
    expect(client.pump.duplex.bufferedOctets).toBe(12 * 21);
    release();
    await bench.settle();
    expect(client.received.length - answers).toBe(16);
  });

  it("does what all stations are told, and never answers (H34)", async () => {
    const { meter } = aMeter();
    const bench = new Bench(meter);
    const wire = bench.plug();
    const got: Uint8Array[] = [];
    wire.start({ received: (octets) => void got.push(octets), closed: () => undefined });
    const aarq = fromHex("601da109060760857405080101be10040e0100000006 5f1f0400001019 0100".replaceAll(" ", ""));
    wire.send(encodeWpdu({ source: 1, destination: 127, pdu: aarq }));
    await bench.settle();
    expect(got).toEqual([]);
  });

  it("survives any octets, on the wire and in a PDU", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 60 }),
            fc.uint8Array({ maxLength: 40 }).map((pdu) => encodeWpdu({ source: 1, destination: 1, pdu })),
          ),
          { maxLength: 6 },
        ),
        async (pieces) => {
          const bench = new Bench(aMeter().meter);
          const wire = bench.plug();
          wire.start({ received: () => undefined, closed: () => undefined });
          for (const piece of pieces) wire.send(piece);
          await bench.settle(3);
          const after = await bench.client({ client: 1 }).open();
          expect(counts((await after.get(energy))[0])).toBe(1234);
          expect(bench.server.counts["hook-failed"]).toBeUndefined();
        },
      ),
      { numRuns: times(60) },
    );
  });

  it("forgets a block transfer that stands still (B7)", async () => {
    const bench = new Bench(aMeter().meter, { limits: { inactivity: 0 } });
    const client = await bench.client({ client: 1 }).open();
    const first = fromHex("c102c1000100006001 0aff0200 00 00000001 05 0910010203".replaceAll(" ", ""));
    expect((await client.raw(first))?.subarray(0, 2)).toEqual(fromHex("c502"));
    bench.clock.advance(61_000);
    const late = await client.raw(fromHex("c103c1 01 00000002 03 040506".replaceAll(" ", "")));
    // set-response-last-datablock, long-set-aborted (17) or no-long-set-in-progress (18): nothing was written.
    expect(late?.subarray(0, 2)).toEqual(fromHex("c503"));
    expect([17, 18]).toContain(late?.[3]);
    expect(
      await client.get([1, "0.0.96.1.10.255", 2]).then(([one]) => treeOf((one as { data: DataLike }).data)),
    ).toEqual({
      type: "octet-string",
      value: Uint8Array.of(1),
    });
  });

  it("survives any APDU in an open association, and writes nothing of it", async () => {
    const tail = fc.uint8Array({ maxLength: 50 });
    const request = fc.tuple(
      fc.constantFrom(0xc0, 0xc1, 0xc3, 0xc8, 0xc9, 0xcb, 0xd9, 0xdb, 0xe0, 0x60, 0x62),
      fc.integer({ min: 0, max: 6 }),
      tail,
    );
    const toAnObject = fc
      .tuple(
        fc.constantFrom(0xc0, 0xc1, 0xc3),
        fc.constantFrom("00010000600 10bff02".replaceAll(" ", ""), "000301000108 00ff01".replaceAll(" ", "")),
        tail,
      )
      .map(([tag, reference, rest]) => Uint8Array.of(tag, 1, 0xc1, ...fromHex(reference), ...rest));
    const { meter, limit, energy: register } = aMeter();
    const bench = new Bench(meter);
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            request.map(([tag, kind, rest]) => Uint8Array.of(tag, kind, 0xc1, ...rest)),
            toAnObject,
          ),
          { maxLength: 5 },
        ),
        async (pdus) => {
          limit.values.value = 5;
          register.values.value = 1234;
          const client = await bench.client({ client: 16 }).open();
          for (const pdu of pdus) await client.raw(pdu);
          // The public client may write and invoke nothing.
          expect([limit.values.value, register.values.value]).toEqual([5, 1234]);
          expect(client.closed).toBe(false);
          client.pump.destroy();
          await bench.settle(3);
          expect(bench.server.counts["hook-failed"]).toBeUndefined();
        },
      ),
      { numRuns: times(60) },
    );
  });

  it("is not hurt by an owner who listens badly", async () => {
    const bench = new Bench(aMeter().meter, {
      events: () => {
        throw new Error("log");
      },
    });
    expect((await bench.client({ client: 1 }).open()).opened).toBe(true);
    bench.server[Symbol.dispose]();
    await bench.settle();
    expect(bench.server.connections).toBe(0);
  });
});

it("a meter on its own tells how many of its objects were written", async () => {
  const { meter, limit } = aMeter();
  const client = await new Bench(meter).client({ client: 1 }).open();
  expect(meter.diverged).toBe(0);
  for (const value of [6, 7]) await client.set(1, limit.instance, 2, { type: "unsigned", value });
  expect(meter.diverged).toBe(1);
});

describe("many meters of one template", () => {
  const note = dataObject("0.0.96.1.10.255", { type: T.octetString, value: fromAscii("template") });
  const own = dataObject(
    "0.0.96.1.0.255",
    { type: T.unsigned, value: 0 },
    { read: { value: (_, { own }) => own as number } },
  );
  const template = meterTemplate({
    objects: [note, own],
    devices: [
      { sap: 17, name: "SUB0000000000001", objects: [dataObject("0.0.96.1.0.255", { type: T.boolean, value: true })] },
      { sap: 18, objects: [] },
    ],
    associations: { open: { client: 1, security: none(), access: "full" } },
  });
  const meters = Array.from({ length: 5 }, (_, at) => new Meter(template, { name: `TST00000000000${at}`, own: at }));

  it("share what was not written, and have what was", async () => {
    const bench = new Bench(({ server }) => {
      const meter = meters[(server >> 8) - 1];
      return meter === undefined ? undefined : { meter, device: server & 0xff };
    });
    const value = { type: "octet-string", value: fromAscii("mine") } as Data;
    const second = await bench.client({ client: 1, server: 0x201 }).open();
    expect(await second.set(1, "0.0.96.1.10.255", 2, value)).toBe("success");
    expect(meters.map(({ diverged }) => diverged)).toEqual([0, 1, 0, 0, 0]);
    for (const [at] of meters.entries()) {
      const client = await bench.client({ client: 1, server: ((at + 1) << 8) | 1 }).open();
      const [noted, number] = await client.get([1, "0.0.96.1.10.255", 2], [1, "0.0.96.1.0.255", 2]);
      expect(treeOf((noted as { data: DataLike }).data)).toEqual(
        at === 1 ? value : { type: "octet-string", value: fromAscii("template") },
      );
      expect(counts(number)).toBe(at);
      client.pump.destroy();
    }
    expect(note.values.value).toEqual(fromAscii("template"));
  });

  it("have several logical devices, each with its name", async () => {
    const [meter] = meters;
    const bench = new Bench(meter as Meter);
    const names: string[] = [];
    for (const server of [1, 17, 18]) {
      const client = await bench.client({ client: 1, server }).open();
      const [name] = await client.get([1, "0.0.42.0.0.255", 2]);
      names.push(new TextDecoder().decode((treeOf((name as { data: DataLike }).data) as { value: Uint8Array }).value));
    }
    expect(names).toEqual(["TST000000000000", "SUB0000000000001", "TST0000000000018"]);
    const management = await bench.client({ client: 1 }).open();
    const [list] = await management.get([17, "0.0.41.0.0.255", 2]);
    expect((treeOf((list as { data: DataLike }).data) as { value: readonly unknown[] }).value).toHaveLength(3);
  });
});
