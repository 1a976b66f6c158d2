import { type Data, T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { clock, dataObject, profileGeneric } from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { hls, lls, Meter, meter, meterTemplate, none } from "../src/index.ts";
import { Bench, now0 } from "./a-client.ts";

// What hostile peers and a careful reader found.

describe("strangers", () => {
  const associations = {
    open: { client: 16, security: none(), access: "read" },
    reader: { client: 32, security: lls("12345678"), access: "read" },
    utility: { client: 48, security: hls(3, "a long secret"), access: "full" },
  } as const;

  it("with public associations do not keep a client with a secret out", async () => {
    const bench = new Bench(meter({ name: "TST1", objects: [], associations }));
    for (let at = 0; at < 8; at++) expect((await bench.client({ client: 16 }).open()).opened).toBe(true);
    // The 9th takes the place of the first.
    expect((await bench.client({ client: 16 }).open()).opened).toBe(true);
    const reader = { client: 32, mechanism: 1, secret: fromAscii("12345678") } as const;
    expect((await bench.client(reader).open()).opened).toBe(true);
  });

  it("with one client's dead lines do not keep another client out", async () => {
    const bench = new Bench(meter({ name: "TST1", objects: [], associations }));
    const reader = { client: 32, mechanism: 1, secret: fromAscii("12345678") } as const;
    for (let at = 0; at < 8; at++) expect((await bench.client(reader).open()).opened).toBe(true);
    const utility = { client: 48, mechanism: 3, secret: fromAscii("a long secret") } as const;
    expect((await bench.client(utility).open()).opened).toBe(true);
  });

  it("in the midst of authentication are locked out as well", async () => {
    const bench = new Bench(meter({ name: "TST1", objects: [], associations }));
    const wrong = { client: 48, mechanism: 3, secret: fromAscii("a wrong secret") } as const;
    // All of them hold back pass 3 until the last has its challenge.
    const clients = Array.from({ length: 20 }, () => bench.client(wrong));
    const held: (() => void)[] = [];
    for (const client of clients) {
      const send = client.pump.send.bind(client.pump);
      let sent = 0;
      client.pump.send = (pdu) => {
        if (sent++ === 0) send(pdu);
        else held.push(() => send(pdu));
      };
      await client.open();
    }
    expect(held).toHaveLength(20);
    for (const go of held) go();
    await bench.settle();
    expect(bench.server.counts["refused:authentication-failed"]).toBe(5);
    expect(bench.server.counts.locked).toBe(1);
    // What the others knew was not looked at.
    expect(bench.server.counts["refused:locked-out"]).toBe(15);
  });
});

describe("one connection", () => {
  it("reaches more meters one after another than it may hold sessions", async () => {
    const template = meterTemplate({ objects: [], associations: { open: { client: 16, security: none() } } });
    const meters = Array.from({ length: 40 }, (_, at) => new Meter(template, { name: `TST${at}` }));
    const bench = new Bench(
      ({ server }) => {
        const found = meters[server - 0x100];
        return found === undefined ? undefined : { meter: found, device: 1 };
      },
      { limits: { sessionsPerConnection: 4 } },
    );
    const line = bench.plug();
    const { encodeWpdu } = await import("@dlmskit/wrapper");
    const { fromHex } = await import("@dlmskit/core");
    const got: Uint8Array[] = [];
    line.start({ received: (octets) => void got.push(octets), closed: () => undefined });
    const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001019010 0".replaceAll(" ", ""));
    const rlrq = fromHex("6203800100");
    for (let at = 0; at < 40; at++) {
      for (const pdu of [aarq, rlrq]) line.send(encodeWpdu({ source: 16, destination: 0x100 + at, pdu }));
      await bench.settle(2);
    }
    expect(got).toHaveLength(80);
  });
});

describe("a client that does not wait", () => {
  it("is answered in order, and before its connection ends, in a pre-established association too", async () => {
    const store = await openMemoryStore();
    const slow = {
      ...store,
      keeping: {
        ...store.keeping,
        commit: async (commit: Parameters<typeof store.keeping.commit>[0]) => {
          for (let at = 0; at < 5; at++) await new Promise((resolve) => setImmediate(resolve));
          return store.keeping.commit(commit);
        },
      },
    };
    const limit = dataObject("0.0.96.1.11.255", { type: T.unsigned, value: 5 });
    const template = meterTemplate({
      objects: [limit],
      associations: { always: { client: 16, security: none(), access: "full", preEstablished: {} } },
    });
    const bench = new Bench(new Meter(template, { name: "TST1" }), { store: slow });
    const line = bench.plug();
    const { encodeWpdu } = await import("@dlmskit/wrapper");
    const { fromHex, toHex } = await import("@dlmskit/core");
    const got: string[] = [];
    line.start({ received: (octets) => void got.push(toHex(octets.subarray(8))), closed: () => undefined });
    const set = fromHex("c101c10001000060010bff0200114d");
    const get = fromHex("c001c20001000060010bff0200");
    for (const pdu of [set, get]) line.send(encodeWpdu({ source: 16, destination: 1, pdu }));
    line.end();
    await bench.settle(60);
    expect(got).toEqual(["c501c100", "c401c200114d"]);
  });
});

describe("the clock in one request", () => {
  it("is shifted as often as it is told", async () => {
    const made = meter({
      name: "TST1",
      objects: [clock()],
      associations: { open: { client: 1, security: none(), access: "full" } },
    });
    const bench = new Bench(made);
    const client = await bench.client({ client: 1 }).open();
    const shift = {
      method: { classId: 8, instanceId: "0.0.1.0.0.255", methodId: 6 },
      parameters: { type: "long", value: 100 },
    } as const;
    client.initiator.request({ service: "action", items: [shift, shift, shift] }, {}, bench.clock.now());
    client.drain();
    await bench.settle();
    expect(made.now - bench.clock.instant()).toBe(300_000);
  });

  it("is not set to what no store can hold", async () => {
    const made = meter({
      name: "TST1",
      objects: [clock()],
      associations: { open: { client: 1, security: none(), access: "full" } },
    });
    const client = await new Bench(made).client({ client: 1 }).open();
    for (const hex of ["0000010104000000000000 00", "270f0c1f05173b3b000000 00"]) {
      const { fromHex } = await import("@dlmskit/core");
      const value: Data = { type: "octet-string", value: fromHex(hex.replaceAll(" ", "")) };
      expect(await client.set(8, "0.0.1.0.0.255", 2, value)).toBe("other-reason");
    }
    expect(Math.abs(made.now - now0)).toBeLessThan(60_000);
  });
});

describe("attribute 0", () => {
  it("streams a long buffer within the structure", async () => {
    const load = profileGeneric("1.0.99.1.0.255", { capture: [clock()], entries: 100, period: 60 });
    const made = meter({
      name: "TST1",
      objects: [clock(), load],
      associations: { open: { client: 1, security: none(), access: "full" } },
    });
    const bench = new Bench(made);
    bench.clock.advance(100 * 60_000);
    const client = await bench
      .client({ client: 1, conformance: ["get", "attribute0-supported-with-get", "block-transfer-with-get-or-read"] })
      .open();
    const [all] = await client.get([7, "1.0.99.1.0.255", 0]);
    const { treeOf } = await import("@dlmskit/apdu");
    const tree = treeOf((all as { data: Data }).data) as { value: readonly { value: unknown }[] };
    expect(tree.value).toHaveLength(8);
    expect(tree.value[1]?.value).toHaveLength(100);
    expect(tree.value[6]).toEqual({ type: "double-long-unsigned", value: 100 });
  });
});
