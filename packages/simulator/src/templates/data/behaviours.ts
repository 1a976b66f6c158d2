import type { LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  account,
  activityCalendar,
  arbitrator,
  arrayManager,
  autoAnswer,
  autoConnect,
  charge,
  compactData,
  compactData0,
  credit,
  disconnectControl,
  functionControl,
  type Hooks,
  imageTransfer,
  limiter,
  type PushSetupVersion,
  parameterMonitor,
  pushSetup,
  registerActivation,
  registerMonitor,
  schedule,
  scriptTable,
  sensorManager,
  singleActionSchedule,
  specialDays,
  tokenGateway,
} from "@dlmskit/cosem-objects";
import { simulated } from "../../meter/simulated-meter.ts";
import { clockHooks } from "../clock-hooks.ts";
import { mbusChild } from "./mbus.ts";
import { plainTokens } from "./tokens.ts";

/** What the behaviour of an object needs to know about its template. */
export interface BehaviourOptions {
  /** The client whose keys and security policy protect pushes. */
  readonly pushClient: number;
  readonly switchLog: { readonly log: LogicalName; readonly opened: number; readonly closed: number } | undefined;
  /** The object with the firmware version. The activation of an image changes it. */
  readonly firmware: LogicalName | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the hooks of any class
type AnyHooks = Hooks<any>;
type Behaviour = (object: AnyObject, options: BehaviourOptions) => AnyHooks;

/** Seconds between two samples of a monitored value of the model, for a limiter. */
const sampleEvery = 300;
const nothing = { type: "double-long-unsigned", value: 0 } as const;
const noCalendar = {
  calendarName: new Uint8Array(0),
  ...{ seasonProfile: [], weekProfileTable: [], dayProfileTable: [] },
};

/** The behaviour of classes, by class id: the behaviour of @dlmskit/cosem-objects with the values of the file. */
const behaviours: { readonly [classId: number]: Behaviour } = {
  6: ({ instance }) => registerActivation(instance).hooks,
  8: () => clockHooks,
  9: ({ instance }) => scriptTable(instance, []).hooks,
  10: ({ instance }) => schedule(instance).hooks,
  11: ({ instance }) => specialDays(instance).hooks,
  18: ({ instance }, { firmware }) => imageTransfer(instance, firmware === undefined ? {} : { firmware }).hooks,
  20: ({ instance }) => activityCalendar(instance, { active: noCalendar }).hooks,
  21: ({ instance }) => registerMonitor(instance).hooks,
  22: ({ instance }) =>
    singleActionSchedule(instance, {
      executedScript: { scriptLogicalName: "0.0.0.0.0.0", scriptSelector: 0 },
      executionTime: [],
    }).hooks,
  28: ({ instance, spec }) => (spec.version === 2 ? autoAnswer(instance, { mode: 1 }).hooks : {}),
  29: ({ instance, spec: { version } }) =>
    autoConnect(instance, {
      ...{ mode: 0, destinations: [], version: version as 0 | 1 | 2 },
      // The network is available at every request.
      port: { connect: () => true, disconnect: () => undefined },
    }).hooks,
  40: ({ instance, spec, values }, { pushClient }) =>
    pushSetup(instance, {
      version: spec.version as PushSetupVersion,
      ...{ pushObjectList: [], destination: values.sendDestinationAndMethod as never, client: pushClient },
    }).hooks,
  62: ({ instance, spec }) =>
    spec.version === 0 ? compactData0(instance, { capture: [] }).hooks : compactData(instance, { capture: [] }).hooks,
  65: ({ instance, spec }) => parameterMonitor(instance, { version: spec.version as 0 | 1 }).hooks,
  67: ({ instance }) => sensorManager(instance).hooks,
  68: ({ instance }) => arbitrator(instance, { actions: [], permissions: [], weightings: [] }).hooks,
  70: ({ instance, spec }, { switchLog }) =>
    disconnectControl(instance, {
      version: spec.version as 0 | 1,
      ...(switchLog !== undefined && {
        changed({ outputState }, context) {
          const { log, opened, closed } = switchLog;
          return simulated(context).journal.append(context.device, log, outputState ? closed : opened, context.now);
        },
      }),
    }).hooks,
  71: ({ instance }) =>
    limiter(instance, {
      monitored: { classId: 0, instanceId: "0.0.0.0.0.0", attributeId: 0 },
      ...{ thresholdNormal: nothing, sampleEvery },
    }).hooks,
  72: (client) => mbusChild(client),
  111: ({ instance }) => account(instance, { credits: [], charges: [], currency: { name: "EUR", scale: -2 } }).hooks,
  112: ({ instance }) => credit(instance, { creditType: 0, priority: 1 }).hooks,
  113: ({ instance }) => charge(instance, { chargeType: 0, priority: 1 }).hooks,
  115: ({ instance }) => tokenGateway(instance, { tokens: plainTokens }).hooks,
  122: ({ instance }) => functionControl(instance).hooks,
  123: ({ instance }) => arrayManager(instance).hooks,
};

/**
 * Classes whose objects would act at every meter many times a day, although the result always equals the value of the model (tariff zones,
 * a load below its limit, the counter of an M-Bus device). They act only after one of these attributes was changed, so an idle meter costs
 * nothing.
 */
const actOnceChanged: { readonly [classId: number]: readonly string[] } = {
  20: [
    ...["state", "activatePassiveCalendarTime", "seasonProfileActive"],
    ...["weekProfileTableActive", "dayProfileTableActive"],
  ],
  71: [
    ...["state", "monitoredValue", "thresholdActive", "thresholdNormal", "thresholdEmergency"],
    ...["emergencyProfile", "emergencyProfileActive"],
  ],
  72: ["state", "captureDefinition", "capturePeriod", "primaryAddress"],
};

function onceChanged(object: AnyObject, hooks: AnyHooks): AnyHooks {
  const names = actOnceChanged[object.spec.classId];
  const time = hooks.time ?? (object.spec.time as AnyHooks["time"]);
  if (names === undefined || time === undefined) return hooks;
  const first = object.values;
  return {
    ...hooks,
    time: {
      ...time,
      next: (values, context, after) =>
        names.every((name) => values[name] === first[name]) ? undefined : time.next(values, context, after),
    },
  };
}

/** The object with the behaviour of its class. */
export function behaving(object: AnyObject, options: BehaviourOptions): AnyObject {
  const behaviour = behaviours[object.spec.classId];
  return behaviour === undefined ? object : { ...object, hooks: onceChanged(object, behaviour(object, options)) };
}
