import { T } from "@dlmskit/apdu";
import { type CosemDateTime, unspecifiedDateTime } from "@dlmskit/core";
import { type AnyObject, type Context, register } from "@dlmskit/cosem-objects";
import { monthOf, stamp, startOfMonth } from "../../meter/local-time.ts";
import {
  column,
  computedProfile,
  computedRows,
  encodedRow,
  monthTimeline,
  type RowColumn,
  scalerProfile,
} from "../../meter/profiles.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import type { TariffDay, ZoneEnergy } from "../../meter/tariff.ts";
import { addEnergy } from "../../model/energies.ts";
import type { Demand, Energy } from "../../model/model.ts";
import {
  demandTime,
  exportVAh,
  exportWh,
  importVAh,
  importWh,
  maximumDemandVA,
  maximumDemandW,
} from "./instantaneous.ts";
import { doubleLongRegister, u32 } from "./measured.ts";
import { demandMinutes } from "./parameters.ts";

/** Night, morning, day and evening are zones 1 to 4. Zones 5 to 8 are never in force. */
export const tariffDay: TariffDay = [
  { minute: 0, zone: 1 },
  { minute: 360, zone: 2 },
  { minute: 600, zone: 3 },
  { minute: 1080, zone: 4 },
];

const zones = [1, 2, 3, 4, 5, 6, 7, 8];
const zoneRegister = (of: "wh" | "vah", zone: number): AnyObject =>
  doubleLongRegister(
    `1.0.${of === "wh" ? 1 : 9}.8.${zone}.255`,
    { unit: of === "wh" ? "Wh" : "VAh" },
    (_, now, context) => (simulated(context).tariff.at(now)[zone - 1] as ZoneEnergy)[of],
  );
const zonesWh = zones.map((zone) => zoneRegister("wh", zone));
const zonesVAh = zones.map((zone) => zoneRegister("vah", zone));

/** A billing period: [from, at), and the registers at its end. */
interface Period {
  readonly from: number;
  readonly at: number;
  readonly energy: Energy;
  readonly flowed: Energy;
  readonly tariff: readonly ZoneEnergy[];
  readonly demand: { readonly active: Demand; readonly apparent: Demand };
  readonly powerOnMinutes: number;
}

function periodOf(month: number, at: number, context: Context): Period {
  const { readings, tariff, zoneMinutesEast, known } = simulated(context);
  const from = Math.max(known.commissionedAt, startOfMonth(month, zoneMinutesEast));
  const energy = readings.energy(at);
  const flowed = addEnergy({ ...energy }, readings.energy(from), -1);
  return {
    ...{ from, at, energy, flowed },
    tariff: tariff.at(at),
    demand: readings.maximumDemand(from, at, demandMinutes(context)),
    powerOnMinutes: readings.powerOnMinutes(at) - readings.powerOnMinutes(from),
  };
}

const factorOf = ({ importWh: wh, importVAh: vah }: Energy): number =>
  vah === 0 ? 1000 : Math.round((wh / vah) * 1000);
const current = (context: Context): Period => {
  const now = Math.floor(context.now);
  return periodOf(monthOf(now, simulated(context).zoneMinutesEast), now, context);
};

// In IS 15959 the billing date is in a register.
const billingDate = register(
  "0.0.0.1.2.255",
  { type: T.dateTimeOctets, value: unspecifiedDateTime, unit: "none" },
  {
    read: {
      value(_, context): CosemDateTime {
        const { zoneMinutesEast, known } = simulated(context);
        const start = startOfMonth(monthOf(context.now, zoneMinutesEast), zoneMinutesEast);
        return start < known.commissionedAt ? unspecifiedDateTime : stamp(start, context.deviation);
      },
    },
  },
);
const averagePowerFactor = register(
  "1.0.13.0.0.255",
  { type: T.long, value: 0, unit: "none", scaler: -3 },
  { read: { value: (_, context) => factorOf(current(context).flowed) } },
);
const powerOnInPeriod = doubleLongRegister(
  "0.0.94.91.13.255",
  { unit: "min" },
  (_readings, _now, context) => current(context).powerOnMinutes,
);

const columns: readonly RowColumn<Period>[] = [
  column(billingDate, ({ at }, { deviation }) => stamp(at, deviation)),
  column(averagePowerFactor, ({ flowed }) => factorOf(flowed)),
  column(importWh, ({ energy }) => u32(energy.importWh)),
  ...zonesWh.map((object, zone) => column<Period>(object, ({ tariff }) => u32((tariff[zone] as ZoneEnergy).wh))),
  column(importVAh, ({ energy }) => u32(energy.importVAh)),
  ...zonesVAh.map((object, zone) => column<Period>(object, ({ tariff }) => u32((tariff[zone] as ZoneEnergy).vah))),
  column(maximumDemandW, ({ demand }) => u32(demand.active.value)),
  column(maximumDemandW, ({ demand }, context) => demandTime(demand.active, context), 5),
  column(maximumDemandVA, ({ demand }) => u32(demand.apparent.value)),
  column(maximumDemandVA, ({ demand }, context) => demandTime(demand.apparent, context), 5),
  column(powerOnInPeriod, ({ powerOnMinutes }) => u32(powerOnMinutes)),
  column(exportWh, ({ energy }) => u32(energy.exportWh)),
  column(exportVAh, ({ energy }) => u32(energy.exportVAh)),
];

// The last twelve complete months, and the current month.
const entries = 13;

const billingProfile = computedProfile("1.0.98.1.0.255", columns, {
  entries,
  rows: computedRows(
    (context) => monthTimeline(context, entries),
    (n, timeline, context) => encodedRow(columns, periodOf(n, timeline.at(n), context), context),
  ),
});

export const billing: readonly AnyObject[] = [
  ...[billingDate, averagePowerFactor, ...zonesWh, ...zonesVAh, powerOnInPeriod],
  billingProfile,
  scalerProfile("1.0.94.91.6.255", columns),
];
