import { describe, expect, it } from "vitest";
import { patience } from "../../../test/campaign.ts";
import { type Energy, text, YearMachine, yearTemplate } from "./year-meter.ts";
import { YearModel } from "./year-model.ts";

const minute = 60_000;
const hour = 60 * minute;
const quarter = 15 * minute;
// 2028-01-01 00:00 of Berlin: a leap year.
const from = Date.UTC(2027, 11, 31, 23);
const until = Date.UTC(2028, 11, 31, 23, 1);

/** Another power in each quarter of an hour, W. */
const powerIn = (at: number): number => (at * 7919) % 4999;
const sums = [0];
for (let at = 0; at < 366 * 96 + 8; at++) sums.push((sums[at] as number) + powerIn(at) / 4);
const energy: Energy = (elapsed) => {
  const at = Math.floor((elapsed - from) / quarter);
  return (sums[at] as number) + (powerIn(at) / 4) * ((elapsed - from) / quarter - at);
};

describe("a year of a meter in Berlin", () => {
  it("1.3, 3, 5.5, 8, 9, 10, 11: no entry is lost or double, each quarter of an hour has its tariff, each schedule runs as often as it should", {
    timeout: patience,
  }, async () => {
    const ran: string[] = [];
    const machine = new YearMachine(yearTemplate(energy, (one) => ran.push(one)));
    const model = new YearModel(from, energy, text);
    await machine.start(from);
    const runTo = async (instant: number): Promise<void> => {
      await machine.runTo(instant);
      model.runTo(instant);
    };
    const setClock = async (instant: number): Promise<void> => {
      expect(await machine.setClock(instant)).toBe("success");
    };
    const synchronise = async (before: number, to: number): Promise<void> => {
      await runTo(before);
      await setClock(to);
      model.synchronise(machine.offset);
    };
    const set = async (before: number, to: number): Promise<void> => {
      await runTo(before);
      await setClock(to);
      model.set(before, to, machine.offset);
    };
    const restart = async (at: number, away: number): Promise<void> => {
      await runTo(at);
      await machine.restart(away);
      model.runTo(machine.meter.now);
    };

    const dark = async (cut: number, back: number): Promise<void> => {
      await runTo(cut);
      await machine.settle(machine.meter.powerDown(cut));
      await machine.runTo(back);
      await machine.settle(machine.meter.powerUp(back));
      model.dark(cut, back);
    };

    // Synchronised back and forth over the ends of two quarters of an hour.
    await synchronise(Date.UTC(2028, 1, 10, 8, 15, 2), Date.UTC(2028, 1, 10, 8, 14, 56));
    await synchronise(Date.UTC(2028, 1, 10, 8, 29, 57), Date.UTC(2028, 1, 10, 8, 30, 3));
    // Daylight saving begins on 26 March, between two processes.
    await restart(Date.UTC(2028, 2, 10, 3, 20), 0);
    // A power cut over the end of April, and over the beginning of summer.
    await dark(Date.UTC(2028, 3, 30, 20, 10), Date.UTC(2028, 4, 1, 1, 20));
    // One over an action of the calendar (05:30 local), and over an entry of the Schedule after it (10:45), which runs late after it.
    await dark(Date.UTC(2028, 4, 8, 3, 5), Date.UTC(2028, 4, 8, 8, 50));
    // No process over the end of June: nothing is late, it is caught up with.
    await restart(Date.UTC(2028, 5, 30, 15, 7), 26 * hour + 15 * minute);
    // An hour back: 13:15 to 14:00 local come twice.
    await set(Date.UTC(2028, 6, 12, 12, 7), Date.UTC(2028, 6, 12, 11, 7));
    await restart(Date.UTC(2028, 7, 5, 5, 5), 0);
    // An hour forward: 10:30 to 11:15 local do not come.
    await set(Date.UTC(2028, 8, 20, 8, 20), Date.UTC(2028, 8, 20, 9, 20));
    // Daylight saving ends on 29 October: a process ends in the hour that is repeated.
    await restart(Date.UTC(2028, 9, 29, 0, 40), hour);
    await runTo(until);

    expect(await machine.rows("1.0.98.1.0.255")).toEqual(model.bills);
    expect(model.bills).toHaveLength(12);
    const rows = await machine.rows("1.0.99.1.0.255");
    expect(rows.findIndex((row, at) => String(row) !== String(model.rows[at]))).toBe(-1);
    expect(rows).toHaveLength(model.rows.length);
    expect(ran).toEqual(model.ran);
    expect(machine.events.filter((type) => type === "hook-failed" || type === "store-failed")).toEqual([]);
  });
});
