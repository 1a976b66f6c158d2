import { fromData, T } from "@dlmskit/apdu";
import { type AnyObject, CaptureObject, hasAttribute } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import facts from "../../../test-vectors/is15959-d1.json" with { type: "json" };
import { associate, bottled, readBy } from "./bottle.ts";

const { simulator, clock } = await bottled();
const device = simulator.meterTemplate.devices.get(1);
const objects = device?.objects ?? [];
const find = (instance: string): AnyObject | undefined => device?.byName.get(instance);

describe("the objects of is15959-d1", () => {
  const profiles = [...Object.entries(facts.profiles), ...facts.eventLogs.map((log) => [log.log, log] as const)];

  it.each(profiles)("%s captures what IS 15959 says, and every object is there", (_, { instance, capture }) => {
    const profile = find(instance);
    expect(profile?.spec.classId).toBe(7);
    expect(profile?.spec.version).toBe(1);
    const captured = profile?.values.captureObjects as CaptureObject[];
    expect(captured.map((one) => [one.classId, one.instanceId, one.attributeId])).toEqual(capture);
    for (const [classId, name, attributeId] of capture as [number, string, number][]) {
      const object = find(name);
      expect(object?.spec.classId, name).toBe(classId);
      expect(object && hasAttribute(object, attributeId), `${name} ${attributeId}`).toBe(true);
    }
  });

  it.each(profiles)("%s has its scaler profile: scaler and unit of the captured registers", async (_, facts) => {
    if (facts.scalerProfile === null) return;
    const captured = fromData(
      T.array(CaptureObject),
      (await readBy(simulator, 0, { classId: 7, instanceId: facts.scalerProfile, attributeId: 3 })) as never,
    );
    expect(captured.length).toBeGreaterThan(0);
    for (const one of captured) expect(one.attributeId).toBe(3);
    const registers = (facts.capture as [number, string, number][])
      .filter(([classId, name, attributeId]) => {
        const unit = find(name)?.values.scalerUnit as { scaler: number; unit: string } | undefined;
        return (classId === 3 || classId === 4) && attributeId === 2 && (unit?.unit !== "none" || unit.scaler !== 0);
      })
      .map(([, name]) => name);
    // One scaler profile is for all event logs; some of them capture no register.
    if (registers.length > 0) expect(captured.map((one) => one.instanceId)).toEqual(registers);
  });

  it("has event codes and sequence numbers, security setups, counters, associations", () => {
    for (const log of facts.eventLogs) {
      expect(find(log.eventCode)?.spec.classId).toBe(1);
      expect(find(log.sequence)?.spec.classId).toBe(1);
    }
    for (const n of [0, 1, 2, 3, 4, 5]) expect(find(`0.0.40.0.${n}.255`)?.spec.classId, `association ${n}`).toBe(15);
    for (const n of [2, 3, 4, 5]) expect(find(`0.0.43.0.${n}.255`)?.spec.classId, `setup ${n}`).toBe(64);
    for (const n of [1, 2, 3, 4, 5, 6]) expect(find(`0.0.43.1.${n}.255`)?.spec.classId, `counter ${n}`).toBe(1);
    for (const name of ["0.0.42.0.0.255", "0.0.41.0.0.255", "0.0.1.0.0.255", "0.0.94.91.18.255", "0.0.94.91.26.255"]) {
      expect(find(name), name).toBeDefined();
    }
  });

  it("has what is programmable, but for the classes that are not there yet", () => {
    const missing = (facts.programmable as [number, string, number | null][])
      .filter(([, name]) => find(name) === undefined)
      .map(([classId]) => classId);
    // Activity calendar, single action schedule, script table.
    expect([...new Set(missing)].sort((one, other) => one - other)).toEqual([9, 20, 22]);
  });

  it("is in obis_codes, with names, once for all meters", async () => {
    const codes = await simulator.store.obisCodes.of("is15959-d1");
    expect(codes).toHaveLength(objects.length);
    expect(codes.find((code) => code.logicalName === "1.0.1.8.0.255")?.name).toMatch(/import/i);
    expect(new Set(codes.map((code) => code.logicalName)).size).toBe(codes.length);
  });
});

describe("access", () => {
  it.each([16, 32, 48, 64, 80])(
    "O1: client %i reads all that its object list says, and nothing else",
    async (client) => {
      const session = await associate(simulator, clock, client);
      const listed = (await session.discover()).objects;
      for (const { classId, instanceId, attributes } of listed) {
        const references = attributes
          .filter(({ readable }) => readable)
          .map(({ attributeId }) => ({ classId, instanceId, attributeId }));
        for (const [at, result] of (await session.get(references)).entries()) {
          expect("error" in result ? result.error : "success", `${instanceId} ${references[at]?.attributeId}`).toBe(
            "success",
          );
        }
        for (const { attributeId, readable } of attributes) {
          if (readable) continue;
          const [result] = await session.get([{ classId, instanceId, attributeId }]);
          expect(result && "error" in result && result.error, `${instanceId} ${attributeId}`).toMatch(
            /read-write-denied|object-undefined/,
          );
        }
      }
      const seen = new Set(listed.map(({ instanceId }) => instanceId));
      for (const { instance, spec } of objects) {
        if (seen.has(instance)) continue;
        const [result] = await session.get([{ classId: spec.classId, instanceId: instance, attributeId: 2 }]);
        expect(result, instance).toEqual({ error: "object-undefined" });
      }
      await session.release();
    },
  );

  it("shows each client its own", async () => {
    const counts = new Map<number, number>();
    for (const client of [16, 32, 48]) {
      const session = await associate(simulator, clock, client);
      counts.set(client, (await session.discover()).objects.length);
      await session.release();
    }
    // Name, SAP, clock, current association, six counters.
    expect(counts.get(16)).toBe(10);
    expect(counts.get(32)).toBe(objects.length - 4 - 4);
    expect(counts.get(48)).toBe(objects.length);
  });

  it("lets the utility write what is programmable and nobody else", async () => {
    const capture = { classId: 1, instanceId: "1.0.0.8.4.255", attributeId: 2 };
    const seconds = { type: "long-unsigned", value: 900 } as const;
    const reader = await associate(simulator, clock, 32);
    await expect(reader.set(capture, seconds)).rejects.toThrow("read-write-denied");
    const utility = await associate(simulator, clock, 48);
    await expect(utility.set(capture, { type: "long-unsigned", value: 901 })).rejects.toThrow("other-reason");
    await expect(utility.set(capture, { type: "unsigned", value: 90 })).rejects.toThrow("type-unmatched");
    await expect(utility.set({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, seconds)).rejects.toThrow(
      "read-write-denied",
    );
    await utility.set(capture, seconds);
    expect(await reader.get(capture)).toEqual(seconds);
    const { rows } = await reader.profile("1.0.99.1.0.255", { entries: [4319, 4320] });
    expect(rows).toHaveLength(2);
    await utility.set(capture, { type: "long-unsigned", value: 1800 });
    await reader.release();
    await utility.release();
  });
});
