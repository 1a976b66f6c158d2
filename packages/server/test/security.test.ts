import { type Data, type DataLike, treeOf } from "@dlmskit/apdu";
import { fromAscii, fromHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { hls, hls5, lls, none } from "../src/index.ts";
import { ak, Bench, type Client, type ClientOptions, ek, protectedClient } from "./a-client.ts";
import { aMeter, kek } from "./a-meter.ts";

const utility = (more: ClientOptions = {}): ClientOptions => ({
  client: 48,
  mechanism: 5,
  security: protectedClient(),
  ...more,
});
const readValue = async (client: Client, ...item: [number, string, number]): Promise<Data> => {
  const [result] = await client.get(item);
  if (result === undefined || "error" in result) throw new Error(result?.error);
  return treeOf(result.data as DataLike);
};

describe("opening", () => {
  it("lets in who has the secret, by every mechanism that needs no certificate (A2, A4)", async () => {
    const { meter } = aMeter({
      associations: {
        ...Object.fromEntries(
          ([2, 3, 4, 6] as const).map((mechanism) => [
            `hls${mechanism}`,
            { client: mechanism, security: hls(mechanism, "0123456789abcdef"), access: "full" as const },
          ]),
        ),
        lls: { client: 32, security: lls("reader-secret", { encryptionKey: ek, authenticationKey: ak }) },
        hls5: { client: 48, security: hls5({ encryptionKey: ek, authenticationKey: ak }) },
      },
    });
    const bench = new Bench(meter);
    const secret = fromAscii("0123456789abcdef");
    for (const mechanism of [2, 3, 4, 6] as const) {
      const security = mechanism === 6 ? { security: protectedClient(), ciphered: false } : {};
      const client = await bench.client({ client: mechanism, mechanism, secret, ...security }).open();
      expect(client.opened, `mechanism ${mechanism}`).toBe(true);
      expect(await readValue(client, 15, "0.0.40.0.0.255", 8)).toEqual({ type: "enum", value: 2 });
      const wrong = await bench
        .client({ client: mechanism, mechanism, secret: fromAscii("0123456789abcdeF"), ...security })
        .open();
      expect(wrong.opened, `mechanism ${mechanism}, wrong secret`).toBe(false);
    }
    const reader = {
      client: 32,
      mechanism: 1 as const,
      secret: fromAscii("reader-secret"),
      security: protectedClient(),
    };
    expect((await bench.client(reader).open()).opened).toBe(true);
    expect((await bench.client(utility()).open()).opened).toBe(true);
    const otherKey = protectedClient({ keys: { encryptionKey: ak, authenticationKey: ek } });
    expect((await bench.client(utility({ security: otherKey })).open()).opened).toBe(false);
  });

  it("refuses clients that it does not know, and data before any association (A1, W3)", async () => {
    const bench = new Bench(aMeter().meter);
    const stranger = await bench.client({ client: 99 }).open();
    expect(stranger.opened).toBe(false);
    const nobody = bench.client({ client: 1 });
    expect((await nobody.raw(fromHex("c001c1000301000108 00ff0200".replaceAll(" ", ""))))?.[0]).toBe(0xd8);
  });

  it("tells through its objects what was negotiated and who is there", async () => {
    const bench = new Bench(aMeter().meter);
    const client = await bench.client(utility()).open();
    expect(await readValue(client, 15, "0.0.40.0.0.255", 1)).toEqual({
      type: "octet-string",
      value: Uint8Array.of(0, 0, 40, 0, 0, 255),
    });
    expect(await readValue(client, 15, "0.0.40.0.3.255", 8)).toEqual({ type: "enum", value: 2 });
    expect(await readValue(client, 15, "0.0.40.0.1.255", 8)).toEqual({ type: "enum", value: 0 });
    expect(await readValue(client, 64, "0.0.43.0.3.255", 2)).toEqual({ type: "enum", value: 3 });
    expect(await readValue(client, 64, "0.0.43.0.3.255", 3)).toEqual({ type: "enum", value: 0 });
    expect(await readValue(client, 64, "0.0.43.0.3.255", 4)).toEqual({
      type: "octet-string",
      value: fromAscii("CLI00001"),
    });
    expect(await readValue(client, 64, "0.0.43.0.4.255", 4)).toEqual({ type: "octet-string", value: new Uint8Array() });
    expect(await readValue(client, 15, "0.0.40.0.0.255", 9)).toEqual({
      type: "octet-string",
      value: Uint8Array.of(0, 0, 43, 0, 3, 255),
    });
    await client.release();
    const open = await bench.client({ client: 1 }).open();
    expect(await readValue(open, 15, "0.0.40.0.3.255", 8)).toEqual({ type: "enum", value: 0 });
    expect(bench.server.counts).toMatchObject({ associated: 2, released: 1 });
  });

  it("locks a client out that fails again and again, and lets it in later (A20)", async () => {
    const bench = new Bench(aMeter().meter, { limits: { failedAuthentications: 3, lockout: 1000 } });
    const attempt = async (secret: string): Promise<boolean> => {
      const client = await bench.client({ client: 32, mechanism: 1, secret: fromAscii(secret) }).open();
      const { opened } = client;
      client.pump.destroy();
      await bench.settle(5);
      return opened;
    };
    expect(await attempt("reader-secret")).toBe(true);
    for (let at = 0; at < 3; at++) expect(await attempt("wrong")).toBe(false);
    expect(bench.server.counts.locked).toBe(1);
    expect(await attempt("reader-secret")).toBe(false);
    // Nobody else is locked out.
    expect((await bench.client({ client: 16 }).open()).opened).toBe(true);
    await bench.settle(1000);
    expect(await attempt("reader-secret")).toBe(true);
    // One success forgives: the next lock-out needs as many failures again.
    expect(await attempt("wrong")).toBe(false);
    expect(await attempt("reader-secret")).toBe(true);
  });

  it("shares the counters of a key between connections: none is used twice", async () => {
    const bench = new Bench(aMeter().meter);
    const one = await bench.client(utility()).open();
    const two = await bench.client(utility({ security: protectedClient({}, 1000) })).open();
    for (let at = 0; at < 3; at++) {
      await two.get([3, "1.0.32.7.0.255", 2]);
    }
    expect(two.opened).toBe(true);
    const counters = [...one.received, ...two.received]
      .filter(([tag]) => tag !== undefined && tag >= 0xc8 && tag <= 0xcf)
      .map((pdu) => new DataView(pdu.buffer, pdu.byteOffset).getUint32(3));
    expect(counters.length).toBeGreaterThan(3);
    expect(new Set(counters).size).toBe(counters.length);
  });
});

describe("the invocation counter object", () => {
  it("tells anyone the last counter that was accepted", async () => {
    const bench = new Bench(aMeter().meter);
    const anyone = await bench.client({ client: 16 }).open();
    expect(await readValue(anyone, 1, "0.0.43.1.3.255", 2)).toEqual({ type: "double-long-unsigned", value: 0 });
    const client = await bench.client(utility({ security: protectedClient({}, 5000) })).open();
    await client.get([3, "1.0.32.7.0.255", 2]);
    const last = (await readValue(anyone, 1, "0.0.43.1.3.255", 2)) as { value: number };
    expect(last.value).toBeGreaterThanOrEqual(5002);
    // A replay, octet for octet, is not served and moves nothing (S2).
    const before = client.received.length;
    const again = new Bench(aMeter().meter);
    expect(again.server.connections).toBe(0);
    expect(before).toBeGreaterThan(0);
    expect(await readValue(anyone, 1, "0.0.43.1.3.255", 2)).toEqual(last);
  });
});

const wrapped = (...keys: [keyId: number, octets: Uint8Array][]): Data => ({
  type: "array",
  value: keys.map(([keyId, octets]) => ({
    type: "structure",
    value: [
      { type: "enum", value: keyId },
      { type: "octet-string", value: octets },
    ],
  })),
});
const wrap = (key: Uint8Array): Uint8Array => noble.wrapKey(kek, key);
const setup = [64, "0.0.43.0.3.255"] as const;
const newKey = Uint8Array.from({ length: 16 }, (_, at) => 0x90 + at);

describe("the security setup", () => {
  it("takes new keys, all or none, from the answer on (S4 to S8)", async () => {
    const { meter } = aMeter();
    const bench = new Bench(meter);
    const client = await bench.client(utility()).open();
    const bad: Data[] = [
      wrapped([99, wrap(newKey)]),
      wrapped([3, wrap(newKey)]),
      wrapped([0, wrap(newKey).with(3, wrap(newKey)[3] === 1 ? 2 : 1)]),
      wrapped([0, noble.wrapKey(ek, newKey)]),
      wrapped([0, new Uint8Array(23)]),
      wrapped([0, new Uint8Array(0)]),
      wrapped([0, noble.wrapKey(kek, new Uint8Array(32))]),
      wrapped([0, wrap(newKey)], [0, wrap(newKey)]),
      wrapped([0, wrap(newKey)], [2, wrap(newKey).with(3, wrap(newKey)[3] === 1 ? 2 : 1)]),
      wrapped(),
    ];
    for (const [at, keys] of bad.entries())
      expect(await client.invoke(...setup, 2, keys), String(at)).toBe("other-reason");
    expect(await client.invoke(...setup, 2, { type: "null-data" })).toBe("type-unmatched");
    expect(await client.invoke(...setup, 2, wrapped([0, wrap(newKey)], [2, wrap(newKey)]))).toBe("success");
    // The answer came under the old key; nothing more does.
    await expect(client.get([3, "1.0.32.7.0.255", 2])).rejects.toThrow("deciphering-error");
    client.changeKey(newKey, newKey);
    expect(await readValue(client, 3, "1.0.32.7.0.255", 2)).toEqual({ type: "long-unsigned", value: 230 });
    await client.release();
    expect((await bench.client(utility({ security: protectedClient({}, 9000) })).open()).opened).toBe(false);
    const keys = { encryptionKey: newKey, authenticationKey: newKey };
    const renewed = await bench.client(utility({ security: protectedClient({ keys }, 100) })).open();
    expect(renewed.opened).toBe(true);
    expect(await readValue(renewed, 3, "1.0.32.7.0.255", 2)).toEqual({ type: "long-unsigned", value: 230 });
    // Without a master key there is nothing to unwrap with.
    const other = await bench
      .client({ client: 49, mechanism: 2, secret: fromAscii("0123456789abcdef"), security: protectedClient() })
      .open();
    expect(await other.invoke(64, "0.0.43.0.4.255", 2, wrapped([0, wrap(newKey)]))).toBe("object-unavailable");
  });

  it("19.1, O17: only gets stronger (S13 to S15)", async () => {
    const { meter } = aMeter({
      associations: {
        utility: {
          client: 48,
          security: hls5({ encryptionKey: ek, authenticationKey: ak, policy: 1 }),
          access: "full",
          securitySetup: "0.0.43.0.3.255",
        },
      },
    });
    const bench = new Bench(meter);
    const client = await bench.client(utility()).open();
    for (const policy of [0, 2, 4, 255])
      expect(await client.invoke(...setup, 1, { type: "enum", value: policy })).toBe("other-reason");
    expect(await readValue(client, ...setup, 2)).toEqual({ type: "enum", value: 1 });
    expect(await client.invoke(...setup, 1, { type: "enum", value: 3 })).toBe("success");
    expect(await client.invoke(...setup, 1, { type: "enum", value: 1 })).toBe("other-reason");
    expect(await readValue(client, ...setup, 2)).toEqual({ type: "enum", value: 3 });
    // From now on, what is only authenticated is refused.
    const weaker = await bench.client(utility({ security: protectedClient({ encrypted: false }, 100) })).open();
    const outcome = weaker.opened ? await weaker.get([3, "1.0.32.7.0.255", 2]).catch(() => "refused") : "refused";
    expect(outcome).toBe("refused");
  });

  it("19.1, O17: has bits in version 1", async () => {
    const { meter } = aMeter({
      associations: {
        utility: {
          client: 48,
          security: hls5({ encryptionKey: ek, authenticationKey: ak, masterKey: kek, policy: 0x04, setupVersion: 1 }),
          access: "full",
          securitySetup: "0.0.43.0.3.255",
        },
      },
    });
    const client = await new Bench(meter).client(utility()).open();
    for (const policy of [0x03, 0x00, 0x08, 0x14, 0x84]) {
      expect(await client.invoke(...setup, 1, { type: "enum", value: policy })).toBe("other-reason");
    }
    expect(await client.invoke(...setup, 1, { type: "enum", value: 0x6c })).toBe("success");
    expect(await readValue(client, ...setup, 2)).toEqual({ type: "enum", value: 0x6c });
    expect(await client.invoke(...setup, 2, wrapped([3, wrap(newKey)]))).toBe("success");
  });
});

describe("secrets", () => {
  it("are changed through the association object, for the next association", async () => {
    const { meter } = aMeter({
      associations: {
        reader: { client: 32, security: lls("old-secret"), access: "full" },
        india: { client: 49, security: hls(2, "0123456789abcdef"), access: "full" },
        none: { client: 1, security: none() },
      },
    });
    const bench = new Bench(meter);
    const reader = (secret: string): ClientOptions => ({ client: 32, mechanism: 1, secret: fromAscii(secret) });
    const client = await bench.client(reader("old-secret")).open();
    expect(await client.set(15, "0.0.40.0.1.255", 7, { type: "octet-string", value: fromAscii("new-secret") })).toBe(
      "success",
    );
    expect(await client.get([15, "0.0.40.0.1.255", 7])).toEqual([{ error: "read-write-denied" }]);
    expect((await bench.client(reader("old-secret")).open()).opened).toBe(false);
    expect((await bench.client(reader("new-secret")).open()).opened).toBe(true);
    const india = (secret: string): ClientOptions => ({ client: 49, mechanism: 2, secret: fromAscii(secret) });
    const high = await bench.client(india("0123456789abcdef")).open();
    const change = (secret: string) =>
      high.invoke(15, "0.0.40.0.2.255", 2, { type: "octet-string", value: fromAscii(secret) });
    expect(await change("short")).toBe("other-reason");
    expect(await change("fedcba9876543210")).toBe("success");
    expect((await bench.client(india("fedcba9876543210")).open()).opened).toBe(true);
    // A second pass 3 is refused (A4).
    expect(await high.invoke(15, "0.0.40.0.2.255", 1, { type: "octet-string", value: new Uint8Array(16) })).not.toBe(
      "success",
    );
  });
});
