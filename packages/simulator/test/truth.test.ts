import type { Session } from "@dlmskit/client";
import { type CosemDateTime, instantOf } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { associate, bottled, day, hour, ist, now0 } from "./bottle.ts";

const number = async (session: Session, classId: number, instanceId: string, attributeId = 2): Promise<number> =>
  ((await session.get({ classId, instanceId, attributeId })) as { value: number }).value;

const localMidnight = Math.floor((now0 + ist) / day) * day - ist;
const monthStart = Date.UTC(2026, 10, 1) - ist;

/** The columns of rows by logical name and attribute, as numbers on the wire; times as instants. */
async function table(session: Session, instanceId: string, from?: number, to?: number) {
  const { columns, rows } = await session.profile(instanceId, {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  return rows.map((row) => {
    const cells: { [name: string]: number } = {};
    row.forEach(({ data, value }, at) => {
      const column = columns[at];
      const name = `${column?.instanceId} ${column?.attributeId}`;
      cells[name] = column?.time ? (instantOf(value as CosemDateTime) as number) : (data as { value: number }).value;
    });
    return cells;
  });
}
const clock = "0.0.1.0.0.255 2";
const sum = (rows: readonly { [name: string]: number }[], name: string) =>
  rows.reduce((total, row) => total + (row[name] as number), 0);

describe("one truth over the wire", () => {
  it("blocks sum to the day, days to the billing period, and all of it to the register", async () => {
    const { simulator, clock: time } = await bottled();
    const session = await associate(simulator, time, 48);
    const yesterday = await table(session, "1.0.99.1.0.255", localMidnight - day + 1000, localMidnight);
    expect(yesterday).toHaveLength(48);
    expect(yesterday[0]?.[clock]).toBe(localMidnight - day + hour / 2);
    expect(yesterday.at(-1)?.[clock]).toBe(localMidnight);

    const days = await table(session, "1.0.99.2.0.255");
    expect(days).toHaveLength(90);
    expect(days.at(-1)?.[clock]).toBe(localMidnight);
    for (const [block, register] of [
      ["1.0.1.29.0.255 2", "1.0.1.8.0.255 2"],
      ["1.0.9.29.0.255 2", "1.0.9.8.0.255 2"],
    ] as const) {
      expect(sum(yesterday, block)).toBe((days.at(-1)?.[register] as number) - (days.at(-2)?.[register] as number));
    }

    const month = await table(session, "1.0.99.1.0.255", monthStart + 1000, now0);
    const bills = await table(session, "1.0.98.1.0.255");
    expect(bills).toHaveLength(13);
    const [before, running] = bills.slice(-2);
    const wh = await number(session, 3, "1.0.1.8.0.255");
    expect(running?.["1.0.1.8.0.255 2"]).toBe(wh);
    const lastBlock = month.at(-1)?.[clock] as number;
    const since = wh - (before?.["1.0.1.8.0.255 2"] as number);
    expect(lastBlock).toBe(now0);
    expect(sum(month, "1.0.1.29.0.255 2")).toBe(since);
    // The first of the month in the daily profile is the last bill.
    expect(days.find((row) => row[clock] === monthStart)?.["1.0.1.8.0.255 2"]).toBe(before?.["1.0.1.8.0.255 2"]);
    for (const bill of bills) {
      for (const kind of ["1", "9"]) {
        const zones = [1, 2, 3, 4, 5, 6, 7, 8].map((zone) => bill[`1.0.${kind}.8.${zone}.255 2`] as number);
        expect(zones.reduce((one, other) => one + other, 0)).toBe(bill[`1.0.${kind}.8.0.255 2`]);
      }
    }

    // The maximum demand is that of the highest block.
    const highest = Math.max(...month.map((row) => row["1.0.1.29.0.255 2"] as number));
    expect(await number(session, 4, "1.0.1.6.0.255")).toBe(highest * 2);
    expect(running?.["1.0.1.6.0.255 2"]).toBe(highest * 2);
    await session.release();
  });

  it("voltage, current, power factor and power agree", async () => {
    const { simulator, clock: time } = await bottled();
    const session = await associate(simulator, time, 32);
    for (let at = 0; at < 20; at++) {
      const volts = (await number(session, 3, "1.0.12.7.0.255")) / 100;
      const amperes = (await number(session, 3, "1.0.11.7.0.255")) / 1000;
      const factor = (await number(session, 3, "1.0.13.7.0.255")) / 1000;
      const watts = await number(session, 3, "1.0.1.7.0.255");
      expect(Math.abs(volts * amperes * factor - watts)).toBeLessThan(watts * 0.002 + 1);
      expect(Math.abs(volts * amperes - (await number(session, 3, "1.0.9.7.0.255")))).toBeLessThan(2);
      time.advance(17 * 60_000);
    }
    await session.release();
  });

  it("a range costs and gives what it names: bounds inclusive, empty backwards, entries from the oldest", async () => {
    const { simulator, clock: time } = await bottled();
    const session = await associate(simulator, time, 32);
    const at = localMidnight - 3 * hour;
    expect((await table(session, "1.0.99.1.0.255", at, at + hour)).map((row) => row[clock])).toEqual([
      at,
      at + hour / 2,
      at + hour,
    ]);
    expect(await table(session, "1.0.99.1.0.255", at + hour, at)).toEqual([]);
    expect(await table(session, "1.0.99.1.0.255", now0 + day, now0 + 2 * day)).toEqual([]);
    const all = await table(session, "1.0.99.1.0.255");
    expect(all).toHaveLength(4320);
    const { rows } = await session.profile("1.0.99.1.0.255", { entries: [1, 2] });
    expect(rows.map((row) => instantOf(row[0]?.value as CosemDateTime))).toEqual(
      all.slice(0, 2).map((row) => row[clock]),
    );
    expect(await number(session, 7, "1.0.99.1.0.255", 7)).toBe(4320);
    expect((await table(session, "1.0.98.1.0.255", monthStart, now0)).length).toBe(2);
    await session.release();
  });

  it("a power-quality event is in the log, the status word, the voltage and the count alike", async () => {
    const { simulator, clock: time } = await bottled();
    const session = await associate(simulator, time, 48);
    const log = await table(session, "0.0.99.98.0.255");
    expect(log.length).toBeGreaterThan(10);
    const code = "0.0.96.11.0.255 2";
    const sag = log.findLast((row) => row[code] === 9) as { [name: string]: number };
    expect((sag["1.0.12.7.0.255 2"] as number) / 100).toBeLessThan(200);
    expect(await number(session, 1, "0.0.96.15.0.255")).toBe(log.at(-1)?.["0.0.96.15.0.255 2"]);
    expect(await number(session, 1, "0.0.94.91.0.255")).toBe(log.at(-1)?.["0.0.94.91.0.255 2"]);
    // The clock is set into the sag.
    const start = (sag[clock] as number) + 1000;
    const { dateTimeOf, encode, CosemDateTime } = await import("@dlmskit/core");
    const octets = encode(CosemDateTime, dateTimeOf(start, -330));
    await session.set(
      { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 },
      { type: "octet-string", value: octets },
    );
    expect((await number(session, 3, "1.0.12.7.0.255")) / 100).toBeLessThan(200);
    const word = await session.get({ classId: 1, instanceId: "0.0.94.91.18.255", attributeId: 2 });
    expect((word as { value: string }).value[4]).toBe("1");
    expect((await table(session, "0.0.99.98.0.255")).at(-1)?.[code]).toBe(9);
    await session.release();
  });

  it("what a client changes is in the transaction log, and survives", async () => {
    const { simulator, clock: time } = await bottled();
    const session = await associate(simulator, time, 48);
    await session.set(
      { classId: 1, instanceId: "1.0.0.8.0.255", attributeId: 2 },
      { type: "long-unsigned", value: 900 },
    );
    time.advance(60_000);
    await session.set({ classId: 70, instanceId: "0.0.96.3.10.255", attributeId: 4 }, { type: "enum", value: 0 });
    await expect(
      session.set({ classId: 1, instanceId: "1.0.0.8.0.255", attributeId: 2 }, { type: "long-unsigned", value: 7 }),
    ).rejects.toThrow("other-reason");
    const log = await table(session, "0.0.99.98.3.255");
    expect(log.map((row) => [row[clock], row["0.0.96.11.3.255 2"], row["0.0.96.15.3.255 2"]])).toEqual([
      [now0, 152, 1],
      [now0 + 60_000, 160, 2],
    ]);
    expect(await number(session, 1, "0.0.96.2.0.255")).toBe(2);
    expect(await number(session, 1, "0.0.96.11.3.255")).toBe(160);
    await session.release();
  });

  it("nothing flows while the load switch is open, and all sums still hold", async () => {
    const { simulator, clock: time, store } = await bottled();
    const session = await associate(simulator, time, 48);
    const before = await number(session, 3, "1.0.1.8.0.255");
    await session.invoke({ classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 });
    time.advance(2 * hour);
    expect(await number(session, 3, "1.0.1.8.0.255")).toBe(before);
    expect(await number(session, 3, "1.0.1.7.0.255")).toBe(0);
    expect(await number(session, 3, "1.0.11.7.0.255")).toBe(0);
    const word = await session.get({ classId: 1, instanceId: "0.0.94.91.18.255", attributeId: 2 });
    expect((word as { value: string }).value[84]).toBe("1");
    await session.invoke({ classId: 70, instanceId: "0.0.96.3.10.255", methodId: 2 });
    time.advance(3 * hour);
    const after = await number(session, 3, "1.0.1.8.0.255");
    expect(after).toBeGreaterThan(before);
    const blocks = await table(session, "1.0.99.1.0.255", now0 + 1000, now0 + 5 * hour);
    expect(blocks.slice(0, 4).map((row) => row["1.0.1.29.0.255 2"])).toEqual([0, 0, 0, 0]);
    expect(sum(blocks, "1.0.1.29.0.255 2")).toBe(after - before);
    const month = await table(session, "1.0.99.1.0.255", monthStart + 1000, now0 + 5 * hour);
    const highest = Math.max(...month.map((row) => row["1.0.1.29.0.255 2"] as number));
    expect(await number(session, 4, "1.0.1.6.0.255")).toBe(highest * 2);
    const log = await table(session, "0.0.99.98.6.255");
    expect(log.map((row) => row["0.0.96.11.6.255 2"])).toEqual([301, 302]);
    await session.release();

    // Another process on the same store counts the same.
    const again = await bottled({ store });
    again.clock.advance(5 * hour);
    const other = await associate(again.simulator, again.clock, 48);
    expect(await number(other, 3, "1.0.1.8.0.255")).toBe(after);
    await other.release();
  });
});
