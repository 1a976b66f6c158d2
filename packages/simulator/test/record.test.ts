import { fromHex, toHex } from "@dlmskit/core";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { type Departure, parseRecord, recordingTap, replayRecord } from "../src/index.ts";
import { associate } from "./bottle.ts";
import { recorded, replaying } from "./recording.ts";

const wh = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 } as const;
const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 } as const;
const time = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 } as const;
const loads = "1.0.99.1.0.255";

describe("a record of sessions", () => {
  it("is replayed by its octets, whatever the invoke ids are", async () => {
    const { simulator, clock, identity, text } = await recorded();
    const before = await associate(simulator, clock, 16);
    const values = [await before.get(name), await before.get(time)];
    await before.release();
    const departures: Departure[] = [];
    const { session, replay } = replaying(text(), identity, departures);
    const after = await session(16);
    expect([await after.get(name), await after.get(time)]).toEqual(values);
    expect(departures).toEqual([]);
    expect(await after.get(name)).toEqual(values[0]);
    expect(departures.map(({ by }) => by)).toEqual(["octets", "order"]);
    await expect(after.get(wh)).rejects.toMatchObject({ code: "object-undefined" });
    expect(departures.at(-1)).toMatchObject({ by: "meaning", client: 16, got: "read 3/1.0.1.8.0.255:2" });
    expect(replay.answered).toBe(3);
  });

  it("is replayed by its meaning to a client with other challenges, counters and invoke ids", async () => {
    const { simulator, clock, identity, text } = await recorded();
    const before = await associate(simulator, clock, 48);
    const range = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 22) };
    const rows = await before.profile(loads, range);
    const value = await before.get(wh);
    const list = await before.get([wh, time, { ...wh, instanceId: "9.9.9.9.9.9" }]);
    await before.release();
    expect(text()).not.toContain('"pdu":""');
    const departures: Departure[] = [];
    const { session } = replaying(text(), identity, departures);
    const after = await session(48);
    expect(await after.profile(loads, range)).toEqual(rows);
    expect(await after.get(wh)).toEqual(value);
    expect(await after.get([wh, time, { ...wh, instanceId: "9.9.9.9.9.9" }])).toEqual(list);
    expect(departures).toEqual([]);
    await expect(after.profile(loads, { ...range, to: range.to + 1000 })).rejects.toMatchObject({
      code: "object-undefined",
    });
    expect(departures.at(-1)?.by).toBe("meaning");
  });

  it("keeps the logical devices apart that one client has associations with", async () => {
    const { simulator, clock, text } = await recorded();
    await associate(simulator, clock, 16);
    expect(parseRecord(text())).toMatchObject([{ session: 1, client: 16, device: 1 }]);
    let lines = "";
    const tap = recordingTap({
      now: () => 0,
      write: (line) => {
        lines += line;
      },
    });
    const say = (device: number, pdu: string) =>
      tap({ at: "sealed", way: "received", octets: fromHex(pdu), remote: "here", now: 0, client: 16, device });
    for (const pdu of ["6000", "c001"]) for (const device of [1, 2]) say(device, pdu);
    const sessions = parseRecord(lines).map(({ device, apdus }) => [device, ...apdus.map(({ pdu }) => toHex(pdu))]);
    expect(sessions).toEqual([
      [1, "6000", "c001"],
      [2, "6000", "c001"],
    ]);
  });

  it("is whole up to a crash, has an end, and says what is wrong with it", async () => {
    const { simulator, clock, text, full } = await recorded({ limit: 6000 });
    const session = await associate(simulator, clock, 16);
    for (let round = 0; round < 20; round++) await session.get(time);
    expect(text().length).toBeLessThan(6000);
    expect(full()).toBe(1);
    const sessions = parseRecord(`${text()}{"session":1,"at":"2026`);
    expect(sessions).toHaveLength(1);
    expect(sessions[0]?.apdus.length).toBeGreaterThan(10);
    const clock0 = new VirtualClock({ epoch: 0 });
    expect(() => replayRecord([], { clock: clock0 })).toThrow("no association");
    expect(() => parseRecord('{"record":2}\n')).toThrow("expected version 1");
    expect(() => parseRecord('{"record":1}\n{"session":1}\n')).toThrow("line 2");
  });
});
