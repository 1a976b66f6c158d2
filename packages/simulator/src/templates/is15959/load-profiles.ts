import { T } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, type Context, dataObject } from "@dlmskit/cosem-objects";
import { stamp } from "../../meter/local-time.ts";
import {
  column,
  computedProfile,
  computedRows,
  encodedRow,
  gridTimeline,
  type RowColumn,
  scalerProfile,
} from "../../meter/profiles.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import type { Block, Energy } from "../../model/model.ts";
import { exportVAh, exportWh, importVAh, importWh } from "./instantaneous.ts";
import { doubleLongRegister, longRegister, type MeasuredOptions, steadyRegister, u16, u32 } from "./measured.ts";
import { meterClock } from "./nameplate.ts";
import { captureMs } from "./parameters.ts";

/** A row: its capture time, and its values. */
interface At<V> {
  readonly at: number;
  readonly of: V;
}
const clockColumn = column<At<unknown>>(meterClock, ({ at }, { deviation }) => stamp(at, deviation));

// 90 days of half hours, or 45 days of quarter hours.
const blockEntries = 4320;
const dayLength = 86_400_000;

/** A register of the last complete block, and its column. */
function blockColumn(
  instance: LogicalName,
  options: MeasuredOptions,
  of: (block: Block) => number,
): { register: AnyObject; column: RowColumn<At<Block>> } {
  const make = options.unit === "V" ? longRegister : doubleLongRegister;
  const register = make(instance, options, (readings, _now, context) => {
    const period = captureMs(context);
    const { last, at } = gridTimeline(context, period, 1);
    return at(last) - period < readings.commissioned ? 0 : of(readings.block(at(last) - period, at(last)));
  });
  const fit = options.unit === "V" ? u16 : u32;
  const factor = 10 ** -(options.scaler ?? 0);
  return { register, column: column(register, (sample) => fit(of(sample.of) * factor)) };
}

const blocks = [
  blockColumn("1.0.12.27.0.255", { unit: "V", scaler: -2 }, (block) => block.averageVoltage),
  blockColumn("1.0.1.29.0.255", { unit: "Wh" }, (block) => block.importWh),
  blockColumn("1.0.9.29.0.255", { unit: "VAh" }, (block) => block.importVAh),
  blockColumn("1.0.2.29.0.255", { unit: "Wh" }, (block) => block.exportWh),
  blockColumn("1.0.10.29.0.255", { unit: "VAh" }, (block) => block.exportVAh),
  blockColumn("1.0.11.27.0.255", { unit: "A", scaler: -3 }, (block) => block.averageCurrent),
];
const health = dataObject("0.0.96.10.1.255", { type: T.unsigned, value: 0 });
const signalStrength = steadyRegister("0.1.96.12.5.255", "dBm", -67);

const blockColumns: readonly RowColumn<At<Block>>[] = [
  clockColumn,
  ...blocks.map((block) => block.column),
  column(health, () => 0),
  column(signalStrength, () => -67),
];

/** Rows at the end of each block. A block contains the energy of the period before. */
const blockLoad = computedProfile(
  "1.0.99.1.0.255",
  blockColumns,
  {
    entries: blockEntries,
    period: 1800,
    rows: computedRows(
      (context) => gridTimeline(context, captureMs(context), blockEntries),
      (n, timeline, context) => {
        const at = timeline.at(n);
        const of = simulated(context).readings.block(at - captureMs(context), at);
        return encodedRow(blockColumns, { at, of }, context);
      },
    ),
  },
  { read: { capturePeriod: (_, context) => captureMs(context) / 1000 } },
);

const dailyColumns: readonly RowColumn<At<Energy>>[] = [
  clockColumn,
  column(importWh, ({ of }) => u32(of.importWh)),
  column(importVAh, ({ of }) => u32(of.importVAh)),
  column(exportWh, ({ of }) => u32(of.exportWh)),
  column(exportVAh, ({ of }) => u32(of.exportVAh)),
];
const dailyEntries = 90;

/** The registers at each midnight. */
const dailyLoad = computedProfile("1.0.99.2.0.255", dailyColumns, {
  entries: dailyEntries,
  period: 86_400,
  rows: computedRows(
    (context: Context) => {
      const timeline = gridTimeline(context, dayLength, dailyEntries);
      // The first midnight ends a day that may be incomplete.
      const { known } = simulated(context);
      const first = Math.max(timeline.upTo(known.commissionedAt) + 1, timeline.last - dailyEntries + 1);
      return { ...timeline, first };
    },
    (n, timeline, context) => {
      const at = timeline.at(n);
      return encodedRow(dailyColumns, { at, of: simulated(context).readings.energy(at) }, context);
    },
  ),
});

export const loadProfiles: readonly AnyObject[] = [
  ...blocks.map((block) => block.register),
  health,
  signalStrength,
  blockLoad,
  scalerProfile("1.0.94.91.4.255", blockColumns),
  dailyLoad,
  scalerProfile("1.0.94.91.5.255", dailyColumns),
];
