import { describe, expect, it } from "vitest";
import { associate, hour, now0 } from "./bottle.ts";
import { faultCode } from "./controlled.ts";
import { inWorkers } from "./workers-bottle.ts";

describe("the sessions of several workers", () => {
  it("have numbers of their own, and come page by page in the order of time", async () => {
    const { port, own, clock, serial } = await inWorkers({ of: 3, meters: 6 });
    // The second worker has most of them.
    const meters = [2, 0, 2, 3, 4, 2, 3, 0, 2];
    for (const meter of meters) {
      const session = await associate(own(Math.floor(meter / 2)).simulator, clock, 16, { meter });
      await session.release();
      clock.advance(10);
    }
    const rows = await port.sessions({ all: true });
    expect(rows.map((row) => row.serial)).toEqual(meters.map(serial));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(meters.length);
    const paged: number[] = [];
    for (let before: number | undefined; ; ) {
      const page = await port.sessions({ all: true, count: 2, ...(before === undefined ? {} : { before }) });
      paged.unshift(...page.map(({ id }) => id));
      before = page[0]?.id;
      if (page.length < 2) break;
    }
    expect(paged).toEqual(rows.map(({ id }) => id));
    expect((await port.sessions({ all: true, serial: serial(3) })).map((row) => row.serial)).toEqual([
      serial(3),
      serial(3),
    ]);
    expect(await faultCode(() => port.sessions({ all: true, before: 99_999 }))).toBe("no-session");
  });

  it("come page by page without looking for the place again, also when sessions are gone, and come, meanwhile", async () => {
    const { port, own, clock, serial, replace, calls } = await inWorkers({ of: 3, meters: 6 });
    const use = async (meter: number): Promise<void> => {
      const session = await associate(own(Math.floor(meter / 2)).simulator, clock, 16, { meter });
      await session.release();
      clock.advance(10);
    };
    const meters = [4, 0, 2, 0, 2, 3, 0, 2];
    for (const meter of meters) await use(meter);
    const ids = (await port.sessions({ all: true })).map(({ id }) => id);
    const page = async (before?: number) => port.sessions({ all: true, count: 2, ...(before && { before }) });
    const last = await page();
    expect(last.map(({ id }) => id)).toEqual(ids.slice(6));
    // It is of the first worker, whose sessions are gone with it. The last worker has shown nothing yet, and has another session now.
    expect(last[0]?.serial).toBe(serial(0));
    await replace(0);
    await use(5);
    calls.length = 0;
    const before = await page(last[0]?.id);
    expect(before.map(({ id }) => id)).toEqual(ids.slice(4, 6));
    expect(await own(1).simulator.store.connections.forget(now0 + hour)).toBe(4);
    await use(2);
    const first = await page(before[0]?.id);
    expect(first.map((row) => row.serial)).toEqual([serial(4)]);
    expect(await page(first[0]?.id)).toEqual([]);
    expect(new Set(calls)).toEqual(new Set(["sessions"]));
    // Where no page begins, the place is that of the session.
    expect(await faultCode(() => port.sessions({ all: true, before: ids[5] as number }))).toBe("no-session");
    const later = await port.sessions({ all: true });
    expect((await port.sessions({ all: true, before: later[2]?.id as number })).map(({ id }) => id)).toEqual(
      later.slice(0, 2).map(({ id }) => id),
    );
  });

  it("end by their number; those of a replaced worker have other numbers", async () => {
    const bottle = await inWorkers();
    const { port, own, clock, replace } = bottle;
    await associate(own(0).simulator, clock, 16, { meter: 0 });
    await associate(own(1).simulator, clock, 16, { meter: 3 });
    const [first, second] = await port.sessions();
    if (first === undefined || second === undefined) throw new Error("two sessions");
    await port.endSession(second.id);
    expect((await port.sessions()).map(({ id }) => id)).toEqual([first.id]);
    expect(own(0).simulator.server.sessions).toHaveLength(1);
    expect(own(1).simulator.server.sessions).toHaveLength(0);
    await replace(1);
    await associate(own(1).simulator, clock, 16, { meter: 2 });
    for (const id of [second.id, 0, 1, 999]) {
      expect([id, await faultCode(() => port.endSession(id))]).toEqual([id, "no-session"]);
    }
    const [, third] = await port.sessions();
    expect([first.id, second.id]).not.toContain(third?.id);
    await port.endSession(third?.id as number);
    expect(own(1).simulator.server.sessions).toHaveLength(0);
  });
});
