import type { LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type PushLayoutElement,
  PushSetup0,
  pushSetup,
  scriptTable,
  singleActionSchedule,
} from "@dlmskit/cosem-objects";
import { eventStatusWord, exportWh, importVAh, importWh, voltage } from "./instantaneous.ts";
import { meterClock } from "./nameplate.ts";

/** The association whose security protects the pushes. */
const pushClient = 64;
/** The destination of pushes until attribute 3 is written, or if the option `push` of the simulator does not give another one. */
const listener = "127.0.0.1:4061";

/** Longest delay of a push after the power is back, s. Each meter draws its own. */
const restorationDelay = 60;

const logicalDeviceName: PushLayoutElement = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
const element = (object: AnyObject, attributeId: number): PushLayoutElement => ({
  ...{ classId: object.spec.classId, instanceId: object.instance, attributeId },
});

/** A Push setup whose pushes describe themselves: the first element is the push object list. */
const selfDescribing = (
  instance: LogicalName,
  pushed: readonly PushLayoutElement[],
  randomisationStartInterval = 0,
): AnyObject =>
  pushSetup(instance, {
    version: 0,
    pushObjectList: [
      { classId: PushSetup0.classId, instanceId: instance, attributeId: 2 },
      logicalDeviceName,
      element(meterClock, 2),
      ...pushed,
    ],
    destination: listener,
    client: pushClient,
    randomisationStartInterval,
    numberOfRetries: 3,
    repetitionDelay: 60,
  });

const registers = [voltage, importWh, importVAh, exportWh];
const instantaneousPush = selfDescribing(
  "0.0.25.9.0.255",
  registers.flatMap((register) => [element(register, 2), element(register, 3)]),
);
// When a feeder is restored, its meters do not all push at once.
const eventPush = selfDescribing("0.4.25.9.0.255", [element(eventStatusWord, 2)], restorationDelay);

const executeMethod = 2;
const pushScripts = scriptTable("0.0.10.0.108.255", [
  {
    scriptIdentifier: 1,
    actions: [
      {
        serviceId: executeMethod,
        classId: PushSetup0.classId,
        instanceId: instantaneousPush.instance,
        index: PushSetup0.methods.push.id,
        parameter: { type: "integer", value: 0 },
      },
    ],
  },
]);

/**
 * The Push setups, the script that pushes, and the schedule that runs the script. The schedule has no execution time until a client writes
 * one.
 */
export const pushes: readonly AnyObject[] = [
  instantaneousPush,
  eventPush,
  pushScripts,
  singleActionSchedule("0.0.15.0.4.255", {
    executedScript: { scriptLogicalName: pushScripts.instance, scriptSelector: 1 },
    executionTime: [],
  }),
];
