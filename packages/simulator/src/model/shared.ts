import { Fault } from "@dlmskit/core";
import type { VariationCustomer } from "@dlmskit/storage";
import { customerOf } from "./customer.ts";
import { SplitEnergy } from "./energy.ts";
import { ExpectedLoad } from "./expected-load.ts";
import { expectedLoads, type PartLoad } from "./expected-loads.ts";
import { daysKnown, slotsPerDay } from "./grid.ts";
import type { Device, Part, Shared } from "./household.ts";
import { checkTemplates } from "./load-profile.ts";
import type { ModelRows } from "./model-rows.ts";
import { noiseOf } from "./noise.ts";
import { placeOf } from "./place.ts";
import { PowerQuality } from "./power-quality.ts";
import { Presence } from "./presence.ts";
import { Stream } from "./random.ts";
import { Sessions } from "./sessions.ts";
import { Supply } from "./supply.ts";

const usualSize = [0.6, 1.6] as const;
const usualPowerFactor = [0.89, 0.94] as const;
/** The shares of the phases are between about 0.27 and 0.41. */
const usualImbalance = 0.3;

/**
 * Makes what the meters of some rows share: tables of expected weights, and the places where one meter after another is computed. Faults
 * `bad-model`, `bad-load-profile`, `bad-calendar`, `bad-value`.
 */
export function sharedBy(rows: ModelRows): Shared {
  const { zoneMinutesEast = 330, phases = 1, nominalVoltage = 230, nominalFrequency = 50 } = rows;
  if (!Number.isInteger(zoneMinutesEast) || Math.abs(zoneMinutesEast) > 14 * 60) {
    throw new Fault("bad-model", `zone of ${zoneMinutesEast} minutes east is not within 14 hours`, {
      layer: "simulator",
    });
  }
  checkTemplates(rows.templates);
  const customer = customerOf(rows.templates);
  const solarPeak = rows.solarPeak ?? customer.solar?.peak ?? 0;
  if (!(solarPeak >= 0 && solarPeak <= 1e6)) {
    throw new Fault("bad-model", `a solar plant of ${solarPeak} kW is not possible`, { layer: "simulator" });
  }
  const zoneMs = zoneMinutesEast * 60_000;
  const quality = new PowerQuality(rows.powerQuality ?? [], zoneMs);
  const place = placeOf(customer, rows.calendar);
  const loads = expectedLoads(rows.templates, { place, customer, solarPeak: solarPeak * 1000 });
  const size = customer.size ?? usualSize;
  const presence =
    customer.vacancy === undefined && customer.outliers === undefined ? undefined : new Presence(customer);
  const largest = Math.max(1, size[1] / usualSize[1]);

  const partsOf = (all: readonly PartLoad[]): Part[] =>
    Array.from({ length: phases }, (_, at) => at).flatMap((at) =>
      all.map(({ load, exports, capacitive }) => {
        const stream = at * Stream.phase + (exports ? Stream.export : 0) + (capacitive ? Stream.capacitive : 0);
        // An empty house does not consume the output of its plant, so exports do not follow the vacancy.
        const followed = exports ? undefined : presence;
        const energy = new SplitEnergy(load, quality, zoneMs, { stream, presence: followed, largest });
        return { energy, of: at, phase: phases === 1 ? 0 : at + 1, exports, capacitive };
      }),
    );
  const plain = partsOf(loads.plain);
  return {
    ...{ zoneMs, phases, quality, plain, size },
    supply: new Supply({ zoneMs, phases, nominalVoltage, nominalFrequency, loads, quality }),
    plant: loads.plant === undefined ? plain : partsOf(loads.plant),
    plantShare: loads.plant === undefined ? 0 : rows.solarPeak === undefined ? (customer.solar?.share ?? 1) : 1,
    devices: devicesOf(customer, quality, zoneMs, presence),
    powerFactor: customer.powerFactor?.range ?? usualPowerFactor,
    imbalance: customer.phases?.imbalance ?? usualImbalance,
  };
}

const wholeDay: readonly [number, number] = [0, 24];

/** The appliances and the vehicle that some households have. */
function devicesOf(
  { appliances = [], vehicle }: VariationCustomer,
  quality: PowerQuality,
  zoneMs: number,
  presence: Presence | undefined,
): Device[] {
  const all = appliances.map(({ share = 1, power, minutes, perDay, hours = wholeDay }) => ({
    ...{ share, power: power * 1000, perDay, hours },
    energy: minutes.map((length) => (power * 1000 * length) / 60) as [number, number],
  }));
  if (vehicle !== undefined) {
    const { share = 1, power, energy, perDay, hours = wholeDay } = vehicle;
    const wh = energy.map((kWh) => kWh * 1000) as [number, number];
    all.push({ share, power: power * 1000, perDay, hours, energy: wh });
  }
  return all.map(({ share, ...options }, at) => {
    const stream = (3 + at) * Stream.phase;
    const sessions = new Sessions({ ...options, stream: stream + Stream.devices });
    const energy = new SplitEnergy(expectedSessions(sessions, options.hours), quality, zoneMs, {
      ...{ stream, sessions, presence },
    });
    return { share, energy };
  });
}

/** What sessions use on average: the same on each day, spread over the hours in which they begin. */
function expectedSessions(sessions: Sessions, [from, to]: readonly [number, number]): ExpectedLoad {
  const hours = to > from ? to - from : to - from + 24;
  const watts = Float64Array.from({ length: slotsPerDay }, (_, slot) => {
    const after = ((slot + 0.5) / 4 - from + 24) % 24;
    return after < hours || hours === 24 ? sessions.perDay / hours : 0;
  });
  // Some weight outside of these hours: sessions last longer than the hours in which they begin.
  const some = watts.map((one) => one * 0.9 + (sessions.perDay / 24) * 0.1);
  return new ExpectedLoad(new Uint16Array(daysKnown + 1), [some], [noiseOf(0, 0)]);
}
