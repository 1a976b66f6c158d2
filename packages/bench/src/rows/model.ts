import { defaultLoadProfiles, defaultPowerQuality, type Model, prepareModel } from "@dlmskit/simulator";
import type { Row } from "../row.ts";

const quarter = 900_000;
const halfHour = 1_800_000;
const day = 86_400_000;
const month = 30 * day;
const commissioned = Date.UTC(2025, 0, 1);
/** A little more than 13 months after commissioning. */
const now = commissioned + 395 * day + 3_600_000;

const prepared = prepareModel({ templates: defaultLoadProfiles, powerQuality: defaultPowerQuality });
const names = Array.from({ length: 0x10000 }, (_, at) => `DLK${String(at).padStart(8, "0")}`);
let next = 0;
/** A different meter each time, for which nothing is computed yet. */
const cold = (): Model => prepared.model({ seed: "bench", meter: names[next++ & 0xffff] as string, commissioned });

const warm = prepared.model({ seed: "bench", meter: "warm", commissioned });
let at = commissioned;
/** The next block of one meter, over two years. */
function nextBlock(length: number): object {
  at = at > now + 365 * day ? commissioned : at + length;
  return warm.block(at, at + length);
}
function nextInstant(): object {
  at += 12_345;
  return warm.instantaneous(at);
}
const tariff = [0, 360, 600, 1080];

export const modelRows: readonly Row[] = [
  { name: "model: import Wh of 15 min, a cold meter", ours: () => cold().flow(now, now + quarter), target: 1_000_000 },
  { name: "model: import Wh of 30 min, a cold meter", ours: () => cold().flow(now, now + halfHour) },
  { name: "model: registers after 13 months, a cold meter", ours: () => cold().energy(now) },
  { name: "model: Wh, VAh, V, A of 15 min, a cold meter", ours: () => cold().block(now, now + quarter) },
  { name: "model: Wh, VAh, V, A of 15 min, in order", ours: () => nextBlock(quarter), target: 300_000 },
  { name: "model: Wh, VAh, V, A of 30 min, in order", ours: () => nextBlock(halfHour), target: 300_000 },
  { name: "model: voltage, current, power at an instant", ours: nextInstant },
  { name: "model: maximum demand of a month, a cold meter", ours: () => cold().maximumDemand(now - month, now) },
  { name: "model: tariff zones of 13 months, a cold meter", ours: () => cold().flowByPart(commissioned, now, tariff) },
  { name: "model: events of 13 months, a cold meter", ours: () => cold().events(commissioned, now) },
];
