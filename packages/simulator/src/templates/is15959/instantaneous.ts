import { T } from "@dlmskit/apdu";
import { unspecifiedDateTime } from "@dlmskit/core";
import { type AnyObject, type Context, dataObject, register } from "@dlmskit/cosem-objects";
import { eventStatus, eventStatusName, statusBits } from "../../meter/event-status.ts";
import { monthOf, stamp, startOfMonth } from "../../meter/local-time.ts";
import { type ColumnOf, scalerProfile, snapshotProfile } from "../../meter/profiles.ts";
import type { Readings } from "../../meter/readings.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import type { Demand } from "../../model/model.ts";
import { transactionLog, voltageEvents } from "./events.ts";
import { countData, doubleLongRegister, longRegister, timedRegister } from "./measured.ts";
import { meterClock } from "./nameplate.ts";
import { demandMinutes, loadLimit, loadSwitch } from "./parameters.ts";

const whole = { scaler: 0 };

export const voltage = longRegister(
  "1.0.12.7.0.255",
  { unit: "V", scaler: -2 },
  (of, now) => of.instantaneous(now).voltage,
);
const phaseCurrent = doubleLongRegister(
  "1.0.11.7.0.255",
  { unit: "A", scaler: -3 },
  (of, now) => of.instantaneous(now).current,
);
const neutralCurrent = doubleLongRegister(
  "1.0.91.7.0.255",
  { unit: "A", scaler: -3 },
  (of, now) => of.instantaneous(now).neutralCurrent,
);
/** Signed; a lagging power factor is positive. */
export const powerFactor = register(
  "1.0.13.7.0.255",
  { type: T.long, value: 0, unit: "none", scaler: -3 },
  {
    read: {
      value: (_, context) =>
        Math.round(simulated(context).readings.instantaneous(Math.floor(context.now)).powerFactor * 1000),
    },
  },
);
const frequency = longRegister(
  "1.0.14.7.0.255",
  { unit: "Hz", scaler: -3 },
  (of, now) => of.instantaneous(now).frequency,
);
const apparentPower = doubleLongRegister(
  "1.0.9.7.0.255",
  { unit: "VA", ...whole },
  (of, now) => of.instantaneous(now).apparentPower,
);
const activePower = doubleLongRegister(
  "1.0.1.7.0.255",
  { unit: "W", ...whole },
  (of, now) => of.instantaneous(now).activePower,
);

export const importWh = doubleLongRegister("1.0.1.8.0.255", { unit: "Wh" }, (of, now) => of.energy(now).importWh);
export const importVAh = doubleLongRegister("1.0.9.8.0.255", { unit: "VAh" }, (of, now) => of.energy(now).importVAh);
export const exportWh = doubleLongRegister("1.0.2.8.0.255", { unit: "Wh" }, (of, now) => of.energy(now).exportWh);
export const exportVAh = doubleLongRegister("1.0.10.8.0.255", { unit: "VAh" }, (of, now) => of.energy(now).exportVAh);

/** The current month up to now, which is the current billing period. */
function running(of: Readings, now: number, context: Context): { active: Demand; apparent: Demand } {
  const { zoneMinutesEast } = simulated(context);
  return of.maximumDemand(startOfMonth(monthOf(now, zoneMinutesEast), zoneMinutesEast), now, demandMinutes(context));
}
export const demandTime = ({ at }: Demand, { deviation }: Context) =>
  at === undefined ? unspecifiedDateTime : stamp(at, deviation);

export const maximumDemandW = timedRegister(
  "1.0.1.6.0.255",
  { unit: "W" },
  (of, now, context) => running(of, now, context).active.value,
  (of, now, context) => demandTime(running(of, now, context).active, context),
);
export const maximumDemandVA = timedRegister(
  "1.0.9.6.0.255",
  { unit: "VA" },
  (of, now, context) => running(of, now, context).apparent.value,
  (of, now, context) => demandTime(running(of, now, context).apparent, context),
);

const powerOnDuration = doubleLongRegister("0.0.94.91.14.255", { unit: "min" }, (of, now) => of.powerOnMinutes(now));
export const tamperCount = countData("0.0.94.91.0.255", (context) => tampersAt(Math.floor(context.now), context));
export const tampersAt = (at: number, context: Context): number => {
  const meter = simulated(context);
  return meter.history(voltageEvents).occurrencesAt(at) + meter.countedAt("0.0.94.91.0.255", at);
};
const billingCount = countData("0.0.0.1.0.255", (context) => {
  const { known, zoneMinutesEast } = simulated(context);
  return Math.max(0, monthOf(context.now, zoneMinutesEast) - monthOf(known.commissionedAt, zoneMinutesEast));
});
const programmingCount = countData("0.0.96.2.0.255", (context) => simulated(context).journal.sequence(transactionLog));

const columns: readonly ColumnOf[] = [
  ...[meterClock, voltage, phaseCurrent, neutralCurrent, powerFactor, frequency, apparentPower, activePower].map(
    (object: AnyObject) => ({ object }),
  ),
  { object: importWh },
  { object: importVAh },
  { object: maximumDemandW },
  { object: maximumDemandW, attributeId: 5 },
  { object: maximumDemandVA },
  { object: maximumDemandVA, attributeId: 5 },
  ...[powerOnDuration, tamperCount, billingCount, programmingCount, exportWh, exportVAh].map((object) => ({ object })),
  { object: loadSwitch },
  { object: loadLimit, attributeId: 3 },
];

/** Bits of the event status word (bit 0 first): the conditions that are present now. */
export const eventStatusWord = dataObject(
  eventStatusName,
  { type: T.bitString, value: "0".repeat(statusBits) },
  { read: { value: (_, context) => eventStatus(simulated(context), Math.floor(context.now), context.device) } },
);

/** The values that are measured now, and the profiles that show them together. */
export const instantaneous: readonly AnyObject[] = [
  ...new Set(
    columns.map(({ object }) => object).filter((one) => ![meterClock, loadSwitch, loadLimit].includes(one as never)),
  ),
  eventStatusWord,
  snapshotProfile("1.0.94.91.0.255", columns),
  scalerProfile("1.0.94.91.3.255", columns),
];
