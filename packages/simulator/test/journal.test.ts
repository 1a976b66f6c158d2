import { openMemoryStore, type Store } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import { describe, expect, it } from "vitest";
import { associate, bottled, hour, readBy } from "./bottle.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const demandPeriod = { classId: 1, instanceId: "1.0.0.8.0.255", attributeId: 2 };
const capturePeriod = { classId: 1, instanceId: "1.0.0.8.4.255", attributeId: 2 };
const seconds = (value: number) => ({ type: "long-unsigned", value }) as const;
const disconnect = { classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 };
const reconnect = { ...disconnect, methodId: 2 };
const transactions = "0.0.99.98.3.255";
const meterId = "is15959-d1-000001";

const logOf = async (store: Store, instanceId = transactions) =>
  (await store.events.list({ meterId, instanceId })).map(({ code, encoded }) => [
    code,
    new DataView(encoded.slice().buffer).getUint32(0),
  ]);

describe("the log of what a client changes", () => {
  it("is written with the change: what could not be kept is not in it, and takes no number", async () => {
    const store = await openMemoryStore();
    // The second commit fails before its work, the fourth is done and said to have failed.
    const failed = failing(store, [
      { call: 1, when: "before", of: "keeping.commit" },
      { call: 3, when: "after", of: "keeping.commit" },
    ]);
    const { simulator, clock } = await bottled({ store: failed.store });
    const session = await associate(simulator, clock, 48);
    await session.set(demandPeriod, seconds(900));
    await expect(session.set(demandPeriod, seconds(1800))).rejects.toThrow("temporary-failure");
    expect(await session.get(demandPeriod)).toEqual(seconds(900));
    expect(await logOf(store)).toEqual([[152, 1]]);
    await session.set(capturePeriod, seconds(900));
    expect(await logOf(store)).toEqual([
      [152, 1],
      [153, 2],
    ]);
    const count = { classId: 1, instanceId: "0.0.96.2.0.255", attributeId: 2 };
    expect(await session.get(count)).toMatchObject({ value: 2 });
    await session.release();
  });

  it("numbers the changes of one request one after another, without those that are refused", async () => {
    const { simulator, clock, store } = await bottled();
    const session = await associate(simulator, clock, 48);
    const results = await session.set([
      { attribute: demandPeriod, value: seconds(900) },
      { attribute: demandPeriod, value: seconds(7) },
      { attribute: capturePeriod, value: seconds(900) },
    ]);
    expect(results).toEqual(["success", "other-reason", "success"]);
    expect(await logOf(store)).toEqual([
      [152, 1],
      [153, 2],
    ]);
    await session.release();
    // What the meter does itself is no client's doing.
    await simulator.using(0, (meter) => meter.set(demandPeriod, seconds(1800)));
    expect(await logOf(store)).toHaveLength(2);
    const again = await associate(simulator, clock, 48);
    await again.set(demandPeriod, seconds(900));
    expect((await logOf(store)).at(-1)).toEqual([152, 3]);
    await again.release();
  });
});

describe("a log", () => {
  it("shows the latest hundred of its entries", async () => {
    const { simulator, clock, store } = await bottled();
    const session = await associate(simulator, clock, 48);
    for (let change = 0; change < 102; change++)
      await session.set(demandPeriod, seconds(change % 2 === 0 ? 900 : 1800));
    expect(await logOf(store)).toHaveLength(102);
    const { rows } = await session.profile(transactions);
    const numbers = rows.map((row) => (row.at(-1) as { value: unknown }).value);
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, at) => at + 3));
    await session.release();
  });
});

describe("the load switch", () => {
  const registerAt = async ({ simulator }: Awaited<ReturnType<typeof bottled>>) =>
    ((await readBy(simulator, 0, energy)) as { value: number }).value;

  it("that could not be opened is closed: the register goes on", async () => {
    const failed = failing(await openMemoryStore(), [{ call: 0, when: "before", of: "keeping.commit" }]);
    const bottle = await bottled({ store: failed.store });
    const { simulator, clock } = bottle;
    const session = await associate(simulator, clock, 48);
    await expect(session.invoke(disconnect)).rejects.toThrow("temporary-failure");
    const before = (await session.get(energy)) as { value: number };
    clock.advance(2 * hour);
    const after = (await session.get(energy)) as { value: number };
    expect(after.value).toBeGreaterThan(before.value);
    await session.invoke(disconnect);
    clock.advance(2 * hour);
    expect(await session.get(energy)).toEqual(after);
    expect((await logOf(failed.store, "0.0.99.98.6.255")).map(([code]) => code)).toEqual([301]);
    await session.release();
  });

  it("is known to every reader: one that comes later, the meter itself, another process", async () => {
    const bottle = await bottled();
    const { simulator, clock, store } = bottle;
    const session = await associate(simulator, clock, 48);
    await session.invoke(disconnect);
    const open = (await session.get(energy)) as { value: number };
    await session.release();
    await simulator.meter(0).settled();
    clock.advance(3 * hour);
    expect(await registerAt(bottle)).toBe(open.value);
    const other = await bottled({ store });
    other.clock.advance(3 * hour);
    expect(await registerAt(other)).toBe(open.value);
    const later = await associate(other.simulator, other.clock, 48);
    await later.invoke(reconnect);
    await later.release();
    other.clock.advance(hour);
    clock.advance(hour);
    // What the other process did is read when the meter is taken back.
    await other.simulator.close();
    const on = await registerAt(bottle);
    expect(on).toBeGreaterThan(open.value);
    expect(await registerAt(await bottled({ store, start: clock.instant() }))).toBe(on);
  });

  it("costs no query where it was never operated", async () => {
    const failed = failing(await openMemoryStore(), []);
    const { simulator, clock } = await bottled({ store: failed.store });
    await readBy(simulator, 0, energy);
    expect(failed.calls).not.toContain("events.list");
    const session = await associate(simulator, clock, 48);
    await session.invoke(disconnect);
    await session.release();
    await simulator.meter(0).settled();
    await readBy(simulator, 0, energy);
    expect(failed.calls.filter((call) => call === "events.list").length).toBeGreaterThan(0);
  });
});
