import { type Data, fromData, T } from "@dlmskit/apdu";
import { instantOf } from "@dlmskit/core";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { loadTemplate, parseTemplate, type SimulatorTemplate } from "../src/index.ts";
import { simulated } from "../src/meter/simulated-meter.ts";
import { bottled, day, now0, readBy } from "./bottle.ts";

const profile = "1.0.99.1.0.255";
const quarter = 900_000;
const commissioned = now0 - 20 * day;
const powerDown = 0x80;

interface Row {
  readonly at: number;
  readonly status: number;
}

/** IDIS with a profile of 15 minutes that shows outages in this way, and 400 rows. */
async function templateWith(outage: string | undefined): Promise<SimulatorTemplate> {
  const { form } = await loadTemplate("idis-2");
  const objects = form?.objects.map((one) =>
    one.instanceId === profile ? { ...one, outage, profileEntries: 400 } : one,
  );
  return parseTemplate(JSON.parse(JSON.stringify({ ...form, objects })));
}

/** A three-phase meter that has no supply for 40 to 120 minutes on each day: its rows, its outages, and what a range finds. */
async function met(outage: string | undefined) {
  const store = await openMemoryStore();
  await store.powerQualityEvents.add({
    ...{ eventType: "INTERRUPTION", probability: 1, minDuration: 2400, maxDuration: 7200, affectedPhases: [] },
  });
  const { simulator } = await bottled({ store, template: await templateWith(outage), commissioned, network: null });
  const rowsIn = (data: Data): Row[] =>
    (data as Data & { type: "array" }).value.map((row) => {
      const [time, status] = (row as Data & { type: "structure" }).value as [Data, Data & { type: "unsigned" }];
      return { at: instantOf(fromData(T.dateTimeOctets, time)) as number, status: status.value };
    });
  const at = { classId: 7, instanceId: profile };
  const rows = rowsIn(await readBy(simulator, 0, { ...at, attributeId: 2 }));
  const count = (await readBy(simulator, 0, { ...at, attributeId: 7 })) as { value: number };
  const [outages, since] = await simulator.using(0, (meter) => {
    const { readings } = simulated({ own: meter.identity.own });
    const events = readings.model.events(now0 - 10 * day, now0).filter(({ type }) => type === "INTERRUPTION");
    return [events, (from: number, to: number) => readings.model.interruptedMs(from, to)] as const;
  });
  const dark = (instant: number): boolean => outages.some(({ start, end }) => start <= instant && instant < end);
  await simulator.close();
  return { rows, count: count.value, outages, dark, since };
}

describe("rows of a profile in a time without supply", () => {
  it("zero: each row is there, and its status is 0", async () => {
    const { rows, count, dark } = await met("zero");
    expect([rows.length, count]).toEqual([400, 400]);
    expect(rows.filter(({ at }) => dark(at)).length).toBeGreaterThan(10);
    expect(rows.every(({ at }, n) => n === 0 || at - (rows[n - 1] as Row).at === quarter)).toBe(true);
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set([0]));
  });

  it("missing: no row has a time without supply, older rows take their places, and the status is 0", async () => {
    const { rows, count, dark, outages } = await met("missing");
    expect([rows.length, count]).toEqual([400, 400]);
    expect(rows.filter(({ at }) => dark(at))).toEqual([]);
    const span = (rows.at(-1) as Row).at - (rows[0] as Row).at;
    const missing = span / quarter + 1 - 400;
    // 40 to 120 minutes hold 2 to 8 quarters of an hour.
    const inside = outages.filter(({ end }) => end > (rows[0] as Row).at).length;
    expect(missing).toBeGreaterThanOrEqual(2 * (inside - 1));
    expect(missing).toBeLessThanOrEqual(8 * inside);
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set([0]));
  });

  it("flagged, as the templates of IDIS and DSMR have it: the rows after an outage have bit 7 of their status, and no others", async () => {
    const { rows, dark, since } = await met("flagged");
    expect(rows.filter(({ at }) => dark(at))).toEqual([]);
    const flagged = rows.filter(({ status }) => (status & powerDown) !== 0);
    expect(flagged.length).toBeGreaterThanOrEqual(3);
    rows.slice(1).forEach(({ at, status }, n) => {
      expect((status & powerDown) !== 0).toBe(since((rows[n] as Row).at, at) > 0);
    });
    for (const name of ["idis-2", "dsmr-5"]) {
      const object = (await loadTemplate(name)).form?.objects.find(({ instanceId }) => instanceId === profile);
      expect(object?.outage).toBe("flagged");
    }
  });

  it("refuses another word, and names its place", async () => {
    await expect(templateWith("holes")).rejects.toMatchObject({ code: "bad-template-file" });
  });
});
