import { T } from "@dlmskit/apdu";
import { Fault, fromAscii } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { CounterGuard } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { hls5, type Meter, meter, none, Server } from "@dlmskit/server";
import { openMemoryStore, type SecuritySetting, type Store } from "@dlmskit/storage";
import { memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import {
  connect,
  DurableCounters,
  KeyRotation,
  type KeyRotationOptions,
  type KeyTarget,
  keyIdOf,
  type Session,
} from "../src/index.ts";

const setup = "0.0.43.0.1.255";
const instant = Date.UTC(2030, 0, 1);
const later = instant + 86_400_000;
const key = (number: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, at) => number * 16 + at);
const first = { encryptionKey: key(1), authenticationKey: key(2), masterKey: key(3) };
const meterId = "TST0000000000001";

class Bench {
  readonly store: Store;
  readonly meter: Meter;
  readonly server: Server;
  readonly asked: KeyTarget[] = [];
  readonly counters = new Map<string, DurableCounters>();
  client = 48;

  constructor(store: Store) {
    this.store = store;
    this.meter = meter({
      name: meterId,
      objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 })],
      associations: {
        utility: { client: 48, security: hls5(first), access: "full" },
        public: { client: 16, security: none(), access: "full" },
      },
    });
    this.server = new Server({ meters: this.meter, clock: systemClock, provider: node });
  }

  static async of(more: Partial<SecuritySetting> = {}): Promise<Bench> {
    const store = await openMemoryStore();
    const known = { meterId, serial: "1", logicalDeviceName: meterId, systemTitle: fromAscii("TST00001") };
    await store.meters.putIfAbsent([{ ...known, seed: "", template: "test", commissionedAt: instant }]);
    const setting = { meterId, instanceId: setup, securityPolicy: 3, securitySuite: 0, keyVersion: 1, ...first };
    const due = { globalKeyChangeInterval: 86_400, lastKeyChange: instant };
    await store.securitySettings.putIfAbsent([{ ...setting, ...due, ...more }]);
    return new Bench(store);
  }

  /** What an association of the meter is secured with now. */
  get meterKeys() {
    const [association] = this.meter.template.associations;
    if (association === undefined) throw new Error("no association");
    return this.meter.state(association).keys;
  }

  async open(target: KeyTarget): Promise<Session> {
    this.asked.push(target);
    const { encryptionKey, authenticationKey } = target.keys;
    if (encryptionKey === undefined || authenticationKey === undefined) throw new Error("no keys");
    const counters = this.counters.get(target.keyId) ?? new DurableCounters({ start: 1, reserve: () => undefined });
    this.counters.set(target.keyId, counters);
    const [near, far] = memoryPair();
    this.server.accept(far, new WrapperServerLink());
    const link = new WrapperClientLink({ client: this.client, server: 1 });
    const replay = new CounterGuard();
    const security = { suite: 0, keys: { encryptionKey, authenticationKey }, systemTitle: fromAscii("HES00001") };
    return connect(
      { duplex: near, link },
      {
        clock: systemClock,
        provider: node,
        ...(this.client === 16
          ? {}
          : { ciphered: true, mechanism: 5 as const, security: { ...security, counters, replay } }),
      },
    );
  }

  rotation(more: Partial<KeyRotationOptions> = {}): KeyRotation {
    return new KeyRotation({
      records: this.store.securitySettings,
      pending: this.store.keyRotations,
      open: (target) => this.open(target),
      instant: () => later,
      ...more,
    });
  }

  async record() {
    const [row] = await this.store.securitySettings.of(meterId);
    if (row === undefined) throw new Error("no record");
    return row;
  }

  pending() {
    return this.store.keyRotations.pending(meterId, setup);
  }
}

const broken = new Fault("link-lost", "the line broke", { layer: "client" });

describe("a change of keys", () => {
  it("gives the meter new keys, and the records too once it uses them", async () => {
    const bench = await Bench.of();
    const { rotated, failed } = await bench.rotation().rotateDue();
    expect(failed).toEqual([]);
    expect(rotated).toEqual([{ meterId, instanceId: setup, keyVersion: 2, how: "changed" }]);
    const record = await bench.record();
    expect(record).toMatchObject({ ...bench.meterKeys, masterKey: first.masterKey, lastKeyChange: later });
    expect(record.encryptionKey).not.toEqual(first.encryptionKey);
    expect(record.authenticationKey).not.toEqual(first.authenticationKey);
    // Once with the former keys, once with the new.
    expect(bench.asked.map(({ keyId }) => keyId)).toEqual([
      keyIdOf(node, first.encryptionKey),
      keyIdOf(node, record.encryptionKey ?? first.encryptionKey),
    ]);
    expect(bench.asked[0]?.keys).toEqual(first);
    expect(await bench.rotation().rotateDue()).toEqual({ rotated: [], failed: [] });
  });

  it("changes the keys that it is told, with the randomness that it is given", async () => {
    const bench = await Bench.of();
    const rotation = bench.rotation({ change: ["authenticationKey"], random: () => key(9), provider: node });
    expect(await rotation.rotate(meterId, setup)).toMatchObject({ how: "changed" });
    expect(await bench.record()).toMatchObject({ ...first, authenticationKey: key(9), keyVersion: 2 });
    expect(bench.meterKeys.authenticationKey).toEqual(key(9));
    expect(() => bench.rotation({ change: ["masterKey"] })).toThrow(expect.objectContaining({ code: "bad-value" }));
  });

  it("is confirmed when the meter has the new keys already", async () => {
    const bench = await Bench.of();
    let opened = 0;
    const dies = bench.rotation({
      open: (target) => (++opened === 2 ? Promise.reject(broken) : bench.open(target)),
    });
    await expect(dies.rotate(meterId, setup)).rejects.toBe(broken);
    expect(await bench.record()).toMatchObject({ ...first, keyVersion: 1 });
    expect((await bench.pending())?.keys).toMatchObject({ encryptionKey: bench.meterKeys.encryptionKey });
    expect(await bench.rotation().rotate(meterId, setup)).toMatchObject({ how: "confirmed", keyVersion: 2 });
    expect(await bench.record()).toMatchObject(bench.meterKeys);
    expect(await bench.pending()).toBe(undefined);
  });

  it("is resumed with the same keys when the meter never got them", async () => {
    const bench = await Bench.of();
    const keys = { encryptionKey: key(7), authenticationKey: key(8) };
    await bench.store.keyRotations.propose(meterId, setup, keys, instant);
    expect(await bench.rotation().rotateDue({ parallel: 2 })).toMatchObject({
      rotated: [{ how: "resumed" }],
      failed: [],
    });
    expect(await bench.record()).toMatchObject(keys);
    expect(bench.meterKeys).toEqual(keys);
  });

  it("stays pending where the meter refuses, and where the line is bad", async () => {
    const bench = await Bench.of({ masterKey: key(4) });
    await expect(bench.rotation().rotate(meterId, setup)).rejects.toMatchObject({ code: "other-reason" });
    expect(await bench.pending()).toBeDefined();
    expect(bench.meterKeys.encryptionKey).toEqual(first.encryptionKey);
    const cut = bench.rotation({ open: () => Promise.reject(broken) });
    expect(await cut.rotateDue()).toEqual({ rotated: [], failed: [{ meterId, instanceId: setup, error: broken }] });
    const crash = new Error("out of memory");
    const crashes = bench.rotation({ open: () => Promise.reject(crash) });
    await expect(crashes.rotate(meterId, setup)).rejects.toBe(crash);
    let opened = 0;
    const later = bench.rotation({ open: () => Promise.reject(++opened === 1 ? broken : crash) });
    await expect(later.rotate(meterId, setup)).rejects.toBe(crash);
    expect(await bench.pending()).toBeDefined();
  });

  it("says when the meter has neither the former keys nor the new ones", async () => {
    const bench = await Bench.of({ encryptionKey: key(5) });
    await bench.store.keyRotations.propose(meterId, setup, { encryptionKey: key(7) }, instant);
    await expect(bench.rotation().rotate(meterId, setup)).rejects.toMatchObject({ code: "keys-unknown" });
    expect((await bench.pending())?.keys).toEqual({ encryptionKey: key(7) });
  });

  it("notes nothing where it cannot begin", async () => {
    const unreachable = await Bench.of();
    const cut = unreachable.rotation({ open: () => Promise.reject(broken) });
    await expect(cut.rotate(meterId, setup)).rejects.toBe(broken);
    unreachable.client = 16;
    await expect(unreachable.rotation().rotate(meterId, setup)).rejects.toMatchObject({ code: "unprotected" });
    await expect(unreachable.rotation().rotate("nobody", setup)).rejects.toMatchObject({ code: "unknown-meter" });
    expect(await unreachable.pending()).toBe(undefined);
    const full = new Fault("query-failed", "the disk is full", { layer: "storage" });
    unreachable.client = 48;
    const pending = { ...unreachable.store.keyRotations, propose: () => Promise.reject(full) };
    await expect(unreachable.rotation({ pending }).rotate(meterId, setup)).rejects.toBe(full);
    await expect.poll(() => unreachable.server.connections).toBe(0);
  });

  it("needs a master key, and the keys that are in use", async () => {
    const bench = await Bench.of();
    const records = (without: "masterKey" | "encryptionKey") => ({
      async of() {
        const { [without]: _, ...others } = await bench.record();
        return [others];
      },
    });
    const faultWithout = (name: "masterKey" | "encryptionKey") =>
      bench.rotation({ records: records(name) }).rotate(meterId, setup);
    await expect(faultWithout("masterKey")).rejects.toMatchObject({ code: "no-master-key" });
    await expect(faultWithout("encryptionKey")).rejects.toMatchObject({ code: "no-keys" });
  });

  it("stops when it is told", async () => {
    const bench = await Bench.of();
    expect(await bench.rotation().rotateDue({ signal: AbortSignal.abort() })).toEqual({ rotated: [], failed: [] });
    expect(await bench.record()).toMatchObject(first);
  });
});
