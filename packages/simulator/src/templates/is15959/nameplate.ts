import { T } from "@dlmskit/apdu";
import { dateOfDays } from "@dlmskit/core";
import { type AnyObject, type Context, dataObject } from "@dlmskit/cosem-objects";
import { snapshotProfile } from "../../meter/profiles.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import { simulatedClock } from "../clock-hooks.ts";
import { textData } from "./measured.ts";

/** The clock. */
export const meterClock = simulatedClock();

const yearOf = (context: Context): number => {
  const { known, zoneMinutesEast } = simulated(context);
  return dateOfDays(Math.floor((known.commissionedAt + zoneMinutesEast * 60_000) / 86_400_000)).year;
};

const serialNumber = textData("0.0.96.1.0.255", (context) => simulated(context).known.serial);
const deviceId = textData("0.0.96.1.2.255", (context) => simulated(context).known.logicalDeviceName);
const manufacturer = textData("0.0.96.1.1.255", () => "dlmskit");
const firmware = textData("1.0.0.2.0.255", () => "DLK-1.0.0");
// Single phase, two wires. The numbers of meter types differ between sources.
const meterType = dataObject("0.0.94.91.9.255", { type: T.unsigned, value: 6 });
const category = textData("0.0.94.91.11.255", () => "D1");
const currentRating = textData("0.0.94.91.12.255", () => "10-60A");
const yearOfManufacture = dataObject(
  "0.0.96.1.4.255",
  { type: T.longUnsigned, value: 0 },
  { read: { value: (_, context) => yearOf(context) } },
);

const plate = [
  ...[serialNumber, deviceId, manufacturer, firmware, meterType],
  ...[category, currentRating, yearOfManufacture],
];

/** The data on the nameplate of the meter, and the profile that shows them together. */
export const nameplate: readonly AnyObject[] = [
  ...plate,
  snapshotProfile(
    "0.0.94.91.10.255",
    plate.map((object) => ({ object })),
  ),
];
