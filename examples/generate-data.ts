// Simulated data without a meter around them: a pure function of seed, meter and time. Blocks sum to the day, days to the register.
import { createModel, defaultLoadProfiles, defaultPowerQuality } from "@dlmskit/simulator";
import type { LoadProfileTemplate } from "@dlmskit/storage";

const day = 86_400_000;
// One's own row: kW at the bottom and at the top of the day, 24, 48 or 96 values of its shape, how much days differ.
const shape = [...Array(8).fill(0.05), ...Array(12).fill(0.9), ...Array(4).fill(0.1)];
const shop: LoadProfileTemplate = {
  ...{ templateName: "shop", season: "WINTER", dayType: "WEEKDAY", intervalMinutes: 60, baseLoad: 0.4, peakLoad: 6 },
  variationPattern: { version: 1, shape, jitter: 0.15 },
};
const model = createModel({
  ...{ seed: "spring", meter: "meter-1", commissioned: Date.UTC(2025, 0, 1) },
  templates: [shop, ...defaultLoadProfiles],
  powerQuality: [...defaultPowerQuality],
});

const midnight = model.startOfDay(Date.UTC(2026, 0, 14, 12));
const blocks = Array.from({ length: 48 }, (_, at) =>
  model.block(midnight + (at * day) / 48, midnight + ((at + 1) * day) / 48),
);
const sum = blocks.reduce((total, { importWh }) => total + importWh, 0);
const [before, after] = [model.energy(midnight), model.energy(midnight + day)];
console.log(`48 blocks: ${sum} Wh; the register: ${after.importWh - before.importWh} Wh`);
if (sum !== after.importWh - before.importWh) process.exitCode = 1;

const { voltage, current, powerFactor, activePower } = model.instantaneous(midnight + 0.5 * day);
console.log(
  `noon: ${voltage.toFixed(1)} V x ${current.toFixed(2)} A x ${powerFactor.toFixed(3)} = ${activePower.toFixed(0)} W`,
);
for (const { type, start, end } of model.events(midnight, midnight + 30 * day)) {
  console.log(new Date(start).toISOString(), type, `${(end - start) / 1000} s`);
}
