import { T, treeOf } from "@dlmskit/apdu";
import { type CosemDateTime, instantOf } from "@dlmskit/core";
import { allRights, clock as clockObject, profileGeneric, register } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { failing, type StoreFailure } from "@dlmskit/storage/testing";
import { describe, expect, it } from "vitest";
import { type SimulatorOptions, type SimulatorTemplate, simulated } from "../src/index.ts";
import { IdleMeters } from "../src/simulate/idle-meters.ts";
import { bottled, day, hour, now0, stepTo } from "./bottle.ts";

const captureEvery = 6 * hour;
const profile = "1.0.99.1.0.255";
const shown = register(
  "1.0.1.8.0.255",
  { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
  { read: { value: (_, context) => Math.round(simulated(context).readings.energy(context.now).importWh) } },
);
const time = clockObject();
const template: SimulatorTemplate = {
  ...{ name: "captured", title: "a meter that captures", manufacturer: "TST", zoneMinutesEast: 330 },
  tariffDay: [{ minute: 0, zone: 1 }],
  clients: [
    {
      ...{ name: "public", client: 16, association: "0.0.40.0.1.255", mechanism: 0, ciphered: false, policy: 0 },
      rights: allRights,
    },
  ],
  objects: () => [
    time,
    shown,
    profileGeneric(profile, { capture: [time, shown], entries: 200, period: captureEvery / 1000 }),
  ],
};
const meters = 40;

/** Instants of the full six hours of local time. */
const zone = 330 * 60_000;
function instants(after: number, until: number): number[] {
  const found: number[] = [];
  for (let at = (Math.floor((after + zone) / captureEvery) + 1) * captureEvery - zone; at <= until; at += captureEvery)
    found.push(at);
  return found;
}

async function captured(store: Store, index: number): Promise<{ at: number; wh: number }[]> {
  const meterId = `captured-${String(index + 1).padStart(6, "0")}`;
  const rows = await store.keeping.entries({ meterId, logicalDevice: 1, instanceId: profile }, 1, 1000);
  return rows.map((octets) => {
    const [at, wh] = (treeOf({ type: "encoded", octets }) as unknown as { value: { value: unknown }[] }).value;
    const date = decodeTime(at?.value as Uint8Array);
    return { at: instantOf(date) as number, wh: wh?.value as number };
  });
}

function decodeTime(octets: Uint8Array): CosemDateTime {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  return {
    ...{
      year: view.getUint16(0),
      month: octets[2] as number,
      day: octets[3] as number,
      dayOfWeek: octets[4] as number,
    },
    ...{ hour: octets[5] as number, minute: octets[6] as number, second: octets[7] as number, hundredths: 0 },
    ...{ deviation: view.getInt16(9), status: 0 },
  } as unknown as CosemDateTime;
}

async function run(state: MemoryState, options: SimulatorOptions = {}, plan: readonly StoreFailure[] = []) {
  const failed = failing(await openMemoryStore({}, state), plan);
  const bottle = await bottled({ template, meters, store: failed.store, ...options });
  return { ...bottle, failed };
}

/** Every meter has every row, at its own instant, in order, once; its register as it was then. */
async function expectAll(store: Store, after: number, until: number): Promise<void> {
  const { createModel } = await import("../src/index.ts");
  const rows = {
    templates: await store.loadProfileTemplates.list(),
    powerQuality: await store.powerQualityEvents.list(),
  };
  const { seed, commissionedAt } = (await store.fleets.get("captured")) ?? { seed: "", commissionedAt: 0 };
  for (let index = 0; index < meters; index++) {
    const found = await captured(store, index);
    expect(
      found.map(({ at }) => at),
      `meter ${index}`,
    ).toEqual(instants(after, until));
    const meter = `captured-${String(index + 1).padStart(6, "0")}`;
    const model = createModel({ ...rows, seed, meter, commissioned: commissionedAt });
    for (const { at, wh } of found) expect(wh).toBe(Math.round(model.energy(at).importWh));
  }
}

describe("idle meters whose objects capture", () => {
  it("capture while nobody looks, and after a stop of a week all that was missed, once, in order, at its own instant", async () => {
    const state = new MemoryState();
    const events: string[] = [];
    const first = await run(state, { events: ({ type }) => events.push(type) });
    expect(first.simulator.server.connections).toBe(0);
    await stepTo(first, now0 + day);
    await expectAll(first.store, now0, now0 + day);
    expect(await first.store.fleets.ranUpTo("captured", "all")).toBeGreaterThan(now0 + day - captureEvery);
    expect(events).toEqual([]);
    await first.simulator.close();
    await first.store.close();

    const week = now0 + 8 * day;
    const second = await run(state, { start: week });
    await stepTo(second, week + hour);
    await expectAll(second.store, now0, week + hour);
    // A visit for the whole week, and not one for each instant.
    const visits = second.failed.calls.filter((call) => call === "keeping.take").length;
    expect(visits).toBe(meters);
    await stepTo(second, week + day);
    await expectAll(second.store, now0, week + day);
    await second.simulator.close();
  });

  it("lose nothing where a process is killed in a round, and do nothing twice", async () => {
    const state = new MemoryState();
    const killed = await run(state, {}, [
      { call: 20, when: "before", of: "keeping.commit", times: Number.POSITIVE_INFINITY },
    ]);
    void killed.simulator.time.step(now0 + day);
    // Until the store fails for good.
    while (killed.failed.failed.length === 0) await killed.clock.advanceAsync(1);
    state.endProcesses();
    const rows = await Promise.all(Array.from({ length: meters }, (_, index) => captured(killed.store, index)));
    expect(rows.some((one) => one.length > 0)).toBe(true);
    expect(rows.some((one) => one.length === 0)).toBe(true);
    const second = await run(state, { start: now0 + 2 * day });
    await stepTo(second, now0 + 2 * day + hour);
    await expectAll(second.store, now0, now0 + 2 * day + hour);
  });

  it("are visited again where the store failed", async () => {
    const failures: StoreFailure[] = [
      { call: 3, when: "before", of: "keeping.take", times: 2 },
      { call: 5, when: "before", of: "keeping.commit" },
      { call: 1, when: "before", of: "fleets.setRanUpTo" },
    ];
    const events: string[] = [];
    const { simulator, clock, store } = await run(
      new MemoryState(),
      { events: (event) => events.push(event.type) },
      failures,
    );
    const stepped = simulator.time.step(now0 + day);
    let over = false;
    void stepped.then(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      clock.advance(1000);
    }
    expect(events).toContain("store-failed");
    await stepTo({ simulator, clock }, now0 + day + hour);
    await expectAll(store, now0, simulator.time.now);
  });

  it("that come later begin when they come", async () => {
    const state = new MemoryState();
    const first = await run(state, { meters: meters - 10 });
    await stepTo(first, now0 + day);
    await first.simulator.close();
    await first.store.close();
    const second = await run(state, { start: now0 + day });
    await stepTo(second, now0 + 2 * day);
    const mark = instants(now0, now0 + day).at(-1) as number;
    expect((await captured(second.store, 0)).map(({ at }) => at)).toEqual(instants(now0, now0 + 2 * day));
    expect((await captured(second.store, meters - 1)).map(({ at }) => at)).toEqual(
      instants(Math.max(mark, now0 + day), now0 + 2 * day),
    );
    await second.simulator.close();
  });

  it("pass with the machine's time, and follow a timer that comes early", async () => {
    const { simulator, clock, store } = await run(new MemoryState(), { start: now0 + 0.3, speed: 777.7 });
    for (let step = 0; step < 400; step++) await clock.advanceAsync(1000);
    await expectAll(store, now0, simulator.time.now);
    expect(instants(now0, simulator.time.now).length).toBeGreaterThan(10);
    await simulator.close();
  });

  it("are visited once in a round, and once more where that failed", async () => {
    const visited: number[] = [];
    const failed: number[] = [];
    const visit = async (index: number): Promise<void> => {
      visited.push(index);
      if (index === 17 && failed.length === 0) throw index;
    };
    const idle = new IdleMeters({
      ...{
        template: "captured",
        span: { first: 0, meters: 20 },
        progress: "all",
        ranUpTo: now0,
        compiled: { timed: [] } as never,
      },
      store: { fleets: { setRanUpTo: () => Promise.resolve() } } as never,
      time: { now: now0 + day } as never,
      clock: { now: () => 0, at: (_at: number, run: () => void) => run() } as never,
      meter: (index) => ({ visit: () => visit(index) }) as never,
      failed: (_, index) => failed.push(index as number),
    });
    while (idle.ranUpTo < now0 + day) await idle.runFirst();
    expect(visited).toEqual([...Array.from({ length: 20 }, (_, index) => index), 17]);
    expect(failed).toEqual([17]);
  });
});
