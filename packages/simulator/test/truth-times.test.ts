import { CosemDateTime, dateTimeOf, encode } from "@dlmskit/core";
import { afterEach, expect, it } from "vitest";
import { type MeterScore, openTruth, parseCampaign, type Score, scoreCampaign, truth, truthCsv } from "../src/index.ts";
import { instantOfText } from "../src/instant-text.ts";
import { bottled, day, hour, ist, listed, now0, readBy } from "./bottle.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const loads = "1.0.99.1.0.255";
const zone = process.env.TZ;

afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

async function scored(scoring: AsyncGenerator<MeterScore, Score>): Promise<Score> {
  for (;;) {
    const { done, value } = await scoring.next();
    if (done === true) return value;
  }
}

it("registers of a meter whose clock a client has set are those of its clock", async () => {
  const { simulator, store } = await bottled();
  await simulator.using(0, (meter) =>
    meter.set(
      { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 },
      { type: "octet-string", value: encode(CosemDateTime, dateTimeOf(now0 + 5 * hour, -330)) },
    ),
  );
  const read = await readBy(simulator, 0, energy);
  const meter = simulator.fleet.serial(0);
  const line = JSON.stringify({ meter, ...energy, at: new Date(now0).toISOString(), value: read });
  const [period, source] = [{ from: now0 - day, to: now0 }, await openTruth({ store })];
  const score = await scored(scoreCampaign(source, parseCampaign([line]), period));
  expect(score).toMatchObject({ expected: 1, right: 1, asExpected: true });
  const totals = await listed(truth(source, { from: now0, to: now0 }));
  const told = totals.find((one) => one.kind === "total" && one.instanceId === energy.instanceId);
  expect(told).toMatchObject({ at: now0, value: read });

  // A row of the meter's 12:00 was captured when it was 07:00.
  const captured = Math.floor(now0 / hour) * hour;
  const rows = await listed(truth(source, { from: captured, to: captured, profiles: [loads] }));
  const [head, row] = (await listed(truthCsv(listedAgain(rows)))).join("").trim().split("\r\n") as [string, string];
  const received = (after: number): string => new Date(captured - 5 * hour + after).toISOString();
  for (const [after, late] of [
    [hour - 60_000, 0],
    [hour + 60_000, 1],
  ] as const) {
    const lines = [`${head},received`, `${row},${received(after)}`];
    const options = { from: captured, to: captured, within: hour };
    expect(await scored(scoreCampaign(source, parseCampaign(lines), options))).toMatchObject({ late, right: 1 - late });
  }
  await simulator.close();
});

async function* listedAgain<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

it.each(["UTC", "America/New_York"])(
  "times without a zone are those of the meter, on a machine in %s",
  async (here) => {
    process.env.TZ = here;
    const source = await openTruth({ seed: "test", start: now0 });
    const period = { from: now0 - day, to: now0 };
    const csv = (await listed(truthCsv(truth(source, { ...period, profiles: [loads] })))).join("");
    const local = csv.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (text) =>
      new Date(Date.parse(text) + ist).toISOString().slice(0, 19),
    );
    expect(local).not.toBe(csv);
    const zoneMinutesEast = 330;
    const campaign = parseCampaign(local.split("\r\n"), { zoneMinutesEast });
    expect(await scored(scoreCampaign(source, campaign, period))).toMatchObject({ share: 1, asExpected: true });
    const [item] = await listed(parseCampaign(local.split("\r\n").slice(0, 2)));
    expect(item?.at).toBe(Math.ceil(period.from / (hour / 2)) * (hour / 2) + ist);
  },
);

it("the instant of a time in ISO 8601", () => {
  const instant = Date.UTC(2026, 9, 30, 1, 2);
  for (const [text, at] of [
    ["2026-10-30T01:02:00Z", instant],
    ["2026-10-30T01:02:00.250Z", instant + 250],
    ["2026-10-30T06:32+05:30", instant],
    ["2026-10-30T06:32:00+0530", instant],
    ["2026-10-29T20:02:00-05", instant],
    ["2026-10-30T06:32:00", instant],
    ["2026-10-30 06:32", instant],
    ["2026-10-30", Date.UTC(2026, 9, 30) - ist],
    ["2026-13-30T01:02:00Z", undefined],
    ["30 Oct 2026", undefined],
    ["", undefined],
  ] as const) {
    expect([text, instantOfText(text, 330)]).toEqual([text, at]);
  }
});
