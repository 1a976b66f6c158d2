import { type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { electricity } from "./electricity.ts";
import type { HistoryKind } from "./event-history.ts";
import { eventStatus } from "./event-status.ts";
import { monthOf, startOfMonth } from "./local-time.ts";
import {
  channelOf,
  counterAt,
  lastHour,
  litresPerWh,
  type MbusChannels,
  type MbusMedium,
  mediumOf,
} from "./mbus-children.ts";
import { type Measurement, type MeasuringOptions, periodStart, shown } from "./sample.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";

const interruptions: readonly HistoryKind[] = [{ type: "INTERRUPTION", occurrence: 1, restoration: 2 }];
const tampers: readonly HistoryKind[] = [
  { type: "VOLTAGE_SWELL", occurrence: 1, restoration: 2 },
  { type: "VOLTAGE_SAG", occurrence: 3, restoration: 4 },
];
const tamperCounter = "0.0.94.91.0.255";
const minuteMs = 60_000;
const noChannels: MbusChannels = new Map();

const of = (value: Measurement["value"]): Measurement => ({ value });
const periods = of(({ known, zoneMinutesEast }, { at }) =>
  Math.max(0, monthOf(at - 1, zoneMinutesEast) - monthOf(known.commissionedAt, zoneMinutesEast)),
);
const serial = of(({ known }) => known.serial);
const powerOn = of(({ readings }, { at }) => readings.powerOnMinutes(at));
const ofMeter: readonly HistoryKind[] = interruptions.map((one) => ({ ...one, of: "meter" }));
const ofPhases: readonly (readonly HistoryKind[])[] = [1, 2, 3].map((phase) =>
  interruptions.map((one) => ({ ...one, phase })),
);
const failuresOf = (kinds: readonly HistoryKind[]): Measurement =>
  of((meter, { at }) => meter.history(kinds).occurrencesAt(at));
const failures = failuresOf(interruptions);

/** Duration of the last interruption that has ended, s. */
const lastFailure = of((meter, { at }) => {
  const history = meter.history(interruptions);
  const entries = history.at(at).slice(0, history.countAt(at));
  const end = entries.findLast(({ occurrence }) => !occurrence);
  const start = entries.findLast((one) => one.occurrence && one.at < (end?.at ?? 0));
  return end === undefined || start === undefined ? 0 : (end.at - start.at) / 1000;
});

/** Measurements that are not electricity, by groups C, D and E of the code. */
const abstract: { readonly [code: string]: Measurement } = {
  "0.1.0": periods,
  "0.1.2": of((meter, sample, context) => {
    if (sample.from !== undefined) return shown(sample.at, context);
    const start = startOfMonth(monthOf(sample.at, meter.zoneMinutesEast), meter.zoneMinutesEast);
    return start < meter.known.commissionedAt ? unspecifiedDateTime : shown(start, context);
  }),
  "1.1.0": of((_, { at }) => Math.floor(at / 1000)),
  "94.91.0": of((meter, { at }) => meter.history(tampers).occurrencesAt(at) + meter.countedAt(tamperCounter, at)),
  "94.91.8": of(({ readings, known }, { at }) =>
    Math.floor((at - known.commissionedAt) / minuteMs - readings.powerOnMinutes(at)),
  ),
  "94.91.13": of((meter, sample) => {
    const { readings } = meter;
    return readings.powerOnMinutes(sample.at) - readings.powerOnMinutes(periodStart(meter, sample));
  }),
  "94.91.14": powerOn,
  "94.91.18": of((meter, { at }, { device }) => eventStatus(meter, at, device)),
  "96.1.0": serial,
  "96.7.0": failuresOf(ofMeter),
  ...Object.fromEntries(ofPhases.map((kinds, at) => [`96.7.${at + 1}`, failuresOf(kinds)])),
  "96.7.9": failures,
  "96.7.19": lastFailure,
  "96.7.21": failures,
  "96.8.0": powerOn,
  "96.14.0": of((meter, { at }) => String(meter.tariff.zoneAt(at)).padStart(4, "0")),
};

// The consumption of water and gas is proportional to the electricity consumption: litres for each Wh.
const { gas: gasLitres, water: waterLitres } = litresPerWh;

/** m³ at an instant: the volume so far, in whole litres. */
const volume = (meter: SimulatedMeter, at: number, litres: number): number =>
  Math.floor(meter.readings.energy(at).importWh * litres) / 1000;

const volumeOf = (litres: number): Measurement => of((meter, { at }) => volume(meter, at, litres));
/** m³ by tariff rate: rate 2 has the volume of zone 2, rate 1 has all other volume. */
const rate = (litres: number, n: number): Measurement =>
  of((meter, { at }) => {
    const second = Math.floor((meter.tariff.at(at)[1]?.wh ?? 0) * litres) / 1000;
    if (n > 2) return 0;
    return n === 2 ? second : volume(meter, at, litres) - second;
  });
/** m³/h, averaged over the last quarter of an hour. */
const flowOf = (litres: number): Measurement =>
  of(({ readings }, { at }) => (readings.flow(at - 15 * minuteMs, at).importWh * litres * 4) / 1000);

const media: { readonly [medium: string]: { readonly [code: string]: Measurement } } = {
  7: {
    "0.1.0": periods,
    "3.0.0": volumeOf(gasLitres),
    "13.2.0": volumeOf(gasLitres),
    ...Object.fromEntries([1, 2, 3].map((n) => [`13.2.${n}`, rate(gasLitres, n)])),
    "12.2.0": of(() => 0),
  },
  8: {
    "0.1.0": periods,
    "1.0.0": volumeOf(waterLitres),
    "1.0.1": rate(waterLitres, 1),
    "1.0.2": rate(waterLitres, 2),
    "1.2.0": of((meter, sample) => volume(meter, periodStart(meter, sample), waterLitres)),
    "2.0.0": flowOf(waterLitres),
  },
};

/** The last value of the meter on an M-Bus channel, m³: its counter at the last full hour. */
const mbusValue = (medium: MbusMedium): Measurement => ({
  value: (meter, { at }) => counterAt(meter, lastHour(at), medium) / 1000,
  time: (_, { at }, context) => shown(lastHour(at), context),
});

/**
 * The measurement of the model for an OBIS code. This is the only table from codes to the model. Undefined: the model has no such
 * measurement. Codes of electricity are in electricity.ts.
 */
export function measurementOf(code: LogicalName, options: MeasuringOptions): Measurement | undefined {
  const [a = 0, , c = 0, d = 0, e = 0, f = 0] = code.split(".").map(Number);
  if (f !== 255) return undefined;
  const groups = `${c}.${d}.${e}`;
  if (a === 0 && c === 24 && d === 2) {
    const client = channelOf(code, options.channels ?? noChannels);
    return client === undefined || e > 2 ? undefined : mbusValue(mediumOf(client));
  }
  if (a === 0) return abstract[groups];
  if (a === 1) return electricity({ c, d, e }, options);
  return media[a]?.[groups];
}
