import { T } from "@dlmskit/apdu";
import { type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import {
  type AnyObject,
  type Context,
  dataObject,
  disconnectControl,
  Limiter,
  object,
  refuse,
} from "@dlmskit/cosem-objects";
import type { SwitchLog } from "../../meter/journal.ts";
import { simulated } from "../../meter/simulated-meter.ts";

const seconds = (instance: LogicalName) =>
  dataObject(
    instance,
    { type: T.longUnsigned, value: 1800 },
    {
      write: {
        value(values, value) {
          if (value !== 900 && value !== 1800) throw refuse("other-reason", "900 or 1800 s");
          values.value = value;
        },
      },
    },
  );

/** Demand integration period, s: 1800 or 900. */
const demandPeriod = seconds("1.0.0.8.0.255");
/** Block load capture period, s: 1800 or 900. */
const capturePeriod = seconds("1.0.0.8.4.255");

export const demandMinutes = (context: Context): number => context.device.values(demandPeriod).value / 60;
export const captureMs = (context: Context): number => context.device.values(capturePeriod).value * 1000;

const longText = 160;
const message = (instance: LogicalName): AnyObject =>
  dataObject(
    instance,
    { type: T.visibleString, value: "" },
    {
      write: {
        value(values, value) {
          if (value.length > longText) throw refuse("other-reason", `at most ${longText} characters`);
          values.value = value;
        },
      },
    },
  );
const flag = (instance: LogicalName): AnyObject =>
  dataObject(
    instance,
    { type: T.unsigned, value: 0 },
    {
      write: {
        value(values, value) {
          if (value > 1) throw refuse("other-reason", "0 or 1");
          values.value = value;
        },
      },
    },
  );
const amount = (instance: LogicalName): AnyObject => dataObject(instance, { type: T.doubleLong, value: 0 });
const time = (instance: LogicalName): AnyObject =>
  dataObject(instance, { type: T.dateTimeOctets, value: unspecifiedDateTime });
const relayTime = (instance: LogicalName): AnyObject => dataObject(instance, { type: T.longUnsigned, value: 60 });

const eventStatusBits = 128;
/** The bits of the event status word that are reported; all bits by default. */
const eventStatusFilter = dataObject(
  "0.0.94.91.26.255",
  { type: T.bitString, value: "1".repeat(eventStatusBits) },
  {
    write: {
      value(values, value) {
        if (value.length !== eventStatusBits) throw refuse("type-unmatched", `${eventStatusBits} bits`);
        values.value = value;
      },
    },
  },
);

const operations = { log: "0.0.99.98.6.255", opened: 301, closed: 302 } as const;

/** The load switch. While it is open, no energy flows. The registers depend on the log of its operations. */
export const loadSwitch = disconnectControl("0.0.96.3.10.255", {
  changed({ outputState }, context) {
    const { log, opened, closed } = operations;
    return simulated(context).journal.append(context.device, log, outputState ? closed : opened, context.now);
  },
});

/** The log of the load switch operations. */
export const switchLog: SwitchLog = { ...operations, object: loadSwitch };

const watts = (value: number) => ({ type: "double-long-unsigned", value }) as const;
const disconnectScript = { scriptLogicalName: "0.0.10.0.106.255", scriptSelector: 1 };
/** The load limit, W. */
export const loadLimit = object(
  Limiter,
  "0.0.17.0.0.255",
  {
    monitoredValue: { classId: 3, instanceId: "1.0.1.7.0.255", attributeId: 2 },
    thresholdActive: watts(10_000),
    thresholdNormal: watts(10_000),
    thresholdEmergency: watts(10_000),
    minOverThresholdDuration: 300,
    minUnderThresholdDuration: 300,
    emergencyProfile: { emergencyProfileId: 0, emergencyActivationTime: unspecifiedDateTime, emergencyDuration: 0 },
    emergencyProfileGroupIdList: [],
    emergencyProfileActive: false,
    actions: {
      actionOverThreshold: disconnectScript,
      actionUnderThreshold: { ...disconnectScript, scriptSelector: 2 },
    },
  },
  {
    write: {
      thresholdNormal(values, value) {
        if (value.type !== "double-long-unsigned") throw refuse("type-unmatched", "a threshold must be in W");
        values.thresholdNormal = value;
        // No emergency profile is ever active.
        values.thresholdActive = value;
      },
    },
  },
);

const meteringMode = flag("0.0.94.96.19.255");
const paymentMode = flag("0.0.94.96.20.255");

/** The values that a utility may write, in addition to the clock, the load switch and the secrets. */
export const writableData: readonly AnyObject[] = [
  ...[demandPeriod, capturePeriod, eventStatusFilter, meteringMode, paymentMode],
  amount("0.0.94.96.21.255"),
  time("0.0.94.96.22.255"),
  amount("0.0.94.96.23.255"),
  amount("0.0.94.96.24.255"),
  time("0.0.94.96.25.255"),
  relayTime("1.0.96.128.25.255"),
  relayTime("1.0.96.128.30.255"),
  message("0.0.96.13.0.255"),
  message("0.0.96.13.1.255"),
];

export const parameters: readonly AnyObject[] = [
  ...writableData,
  dataObject("1.0.0.8.5.255", { type: T.doubleLongUnsigned, value: 86_400 }),
  loadSwitch,
  loadLimit,
];
