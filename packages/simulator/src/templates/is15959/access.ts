import { AccessBit, type AnyObject, allRights, type Rights, readRights } from "@dlmskit/cosem-objects";
import { loadLimit, loadSwitch, writableData } from "./parameters.ts";

// The rights of each client of IS 15959. The rows of `access_rights` are first filled from these rights. After that, the rows apply.

const logicalDeviceName = "0.0.42.0.0.255";
const sapAssignment = "0.0.41.0.0.255";
const clock = "0.0.1.0.0.255";
const currentAssociation = "0.0.40.0.0.255";
const invocationCounter = /^0\.0\.43\.1\.\d+\.255$/;

const readOnly = (of: (object: AnyObject) => boolean): Rights => ({
  attribute: (object, id) => (of(object) ? readRights.attribute(object, id) : 0),
  method: () => 0,
});

const basics = new Set([logicalDeviceName, sapAssignment, clock, currentAssociation]);
const isBasic = ({ instance }: AnyObject): boolean => basics.has(instance) || invocationCounter.test(instance);

/** The public client reads the values that a client needs before it can open another association. */
export const publicClient = readOnly(isBasic);

/** The meter reader reads everything that is measured and configured. Of the security objects, it reads only its own association. */
export const meterReader = readOnly(
  (object) =>
    isBasic(object) ||
    (object.spec.classId !== 15 && object.spec.classId !== 64) ||
    object.instance === "0.0.40.0.2.255",
);

// Clock, Association LN, Push setup, Security setup, Disconnect control.
const operated = new Set([8, 15, 40, 64, 70]);
const written = new Map<string, readonly number[]>([
  [clock, [2]],
  [loadSwitch.instance, [4]],
  [loadLimit.instance, [4]],
  ["0.0.15.0.4.255", [4]],
  // The pushed objects, the destination, the time window, and the retries.
  ["0.0.25.9.0.255", [2, 3, 4, 5, 6, 7]],
  ["0.4.25.9.0.255", [2, 3, 4, 5, 6, 7]],
  // The secret of the meter reader. The HLS secrets are changed with a method.
  ["0.0.40.0.2.255", [7]],
  ...writableData.map(({ instance }): [string, readonly number[]] => [instance, [2]]),
]);

/** The utility reads everything, writes what is programmable, and operates the clock, the load switch and the security objects. */
export const utility: Rights = {
  attribute(object, id) {
    const bits = allRights.attribute(object, id);
    return written.get(object.instance)?.includes(id) ? bits : bits & AccessBit.read;
  },
  method: (object, id) => (operated.has(object.spec.classId) ? allRights.method(object, id) : 0),
};

/** Pushes come from the meter. A client of that association can only read. */
export const push = readOnly((object) => isBasic(object) || object.instance === "0.0.40.0.4.255");

const nameplate = new Set(["0.0.96.1.0.255", "0.0.96.1.1.255", "0.0.96.1.2.255", "1.0.0.2.0.255", "0.0.94.91.10.255"]);
/** The firmware client. The rights for image transfer come from its class. */
export const firmware = readOnly(
  (object) => isBasic(object) || nameplate.has(object.instance) || object.instance === "0.0.40.0.5.255",
);
