// A time without a zone is local time of the meters, whatever the zone of the machine.
import { systemClock } from "@dlmskit/transport/node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serveControl } from "../src/control.ts";
import { parseCampaign, parseFaults, parseRecord } from "../src/index.ts";
import { testMeter } from "../src/testing.ts";
import { now0 } from "./bottle.ts";
import { controlled } from "./controlled.ts";

const { TZ } = process.env;
beforeEach(() => {
  process.env.TZ = "Asia/Tokyo";
});
afterEach(() => {
  if (TZ === undefined) delete process.env.TZ;
  else process.env.TZ = TZ;
});

const local = "2026-11-25T08:00:00";
const inIndia = Date.UTC(2026, 10, 25, 2, 30);

it("in a faults file", () => {
  const json = { faults: [{ fault: "slow", start: local, end: `${local}Z`, with: { ms: 5 } }] };
  expect(parseFaults(json, { zoneMinutesEast: 330 }).faults[0]).toMatchObject({ start: inIndia });
  expect(parseFaults(json, { zoneMinutesEast: 330 }).faults[0]).toMatchObject({ end: inIndia + 330 * 60_000 });
  expect(() => parseFaults(json)).toThrow("it is not after start");
  expect(() => parseFaults({ faults: [{ fault: "slow", start: "2026-02-30", with: { ms: 5 } }] })).toThrow("ISO 8601");
});

it("in the control of a simulation", async () => {
  const { control } = await controlled({ clock: systemClock, start: now0, speed: 0 });
  await using served = await serveControl(control, { port: 0 });
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${served.port}${path}`, {
      ...{ method, headers: { "content-type": "application/json" } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: JSON.parse(await answer.text()) };
  };
  expect((await ask("PUT", "/time", { now: local })).json).toMatchObject({ now: new Date(inIndia).toISOString() });
  const later = { to: "2026-11-25 09:00" };
  const stepped = new Date(inIndia + 3_600_000).toISOString();
  expect((await ask("POST", "/time/step", later)).json).toMatchObject({ now: stepped });
  expect((await ask("PUT", "/time", { now: "2026-11-31" })).status).toBe(400);
  const faults = { faults: [{ fault: "slow", start: local, with: { ms: 5 } }] };
  expect((await ask("PUT", "/faults", faults)).json.faults[0].start).toBe(new Date(inIndia).toISOString());
  const profile = (from: string, to: string) =>
    ask("GET", `/meters/${control.simulator.fleet.serial(0)}/profile?from=${from}&to=${to}`);
  const rows = (await profile("2026-11-24T08:00:00", local)).json;
  expect(rows).toEqual((await profile("2026-11-24T02:30:00Z", "2026-11-25T02:30:00Z")).json);
  expect(rows).not.toEqual((await profile("2026-11-24T08:00:00Z", `${local}Z`)).json);
});

it("of a meter in a test", async () => {
  await using meter = await testMeter({ start: local });
  expect(meter.simulator.time.now).toBe(inIndia);
  await meter.stepTo("2026-11-25 08:30");
  expect(meter.simulator.time.now).toBe(inIndia + 1_800_000);
  await expect(testMeter({ start: "tomorrow" })).rejects.toThrow("is not a time");
});

it("in a record, of which no meter is known, is UTC", () => {
  const text = `{"record":1}\n{"session":1,"at":"${local}","way":"received","client":16,"pdu":"c0"}\n`;
  expect(parseRecord(text)[0]?.apdus[0]?.at).toBe(Date.UTC(2026, 10, 25, 8));
});

it("a zone that no place has is an error that names the field", async () => {
  for (const zone of ["+99:99", "-05:60", "+14:01"]) {
    const at = `${local}${zone}`;
    expect(() => parseFaults({ faults: [{ fault: "slow", start: at, with: { ms: 5 } }] })).toThrow(
      "faults at faults.0.start: expected an ISO 8601 time, whose zone",
    );
    const lines = ["meter,object,time,column,value", `m,1.0.99.1.0.255,${at},1.0.1.29.0.255:2,1`];
    await expect(parseCampaign(lines).next()).rejects.toMatchObject({
      ...{ code: "bad-campaign", path: ["line 2"], message: expect.stringContaining(`time "${at}" is not a time`) },
    });
    const reading = { meter: "m", instanceId: "1.0.1.8.0.255", value: { type: "unsigned", value: 1 }, at };
    await expect(parseCampaign([JSON.stringify(reading)]).next()).rejects.toThrow(`at "${at}" is not a time`);
    await expect(testMeter({ start: at })).rejects.toThrow("is not a time");
  }
});
