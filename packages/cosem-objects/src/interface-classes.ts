import { accessClasses } from "./classes/access/access-classes.ts";
import { dataClasses } from "./classes/data/data-classes.ts";
import { internetClasses } from "./classes/internet/internet-classes.ts";
import { mbusClasses } from "./classes/mbus/mbus-classes.ts";
import { paymentClasses } from "./classes/payment/payment-classes.ts";
import { plcClasses } from "./classes/plc/plc-classes.ts";
import { portsClasses } from "./classes/ports/ports-classes.ts";
import { timeClasses } from "./classes/time/time-classes.ts";
import { wirelessClasses } from "./classes/wireless/wireless-classes.ts";
import type { ClassSpec } from "./interface-class.ts";

/** The interface classes of the Blue Book, each version, by id and version. */
export const interfaceClasses: readonly ClassSpec[] = [
  ...dataClasses,
  ...accessClasses,
  ...timeClasses,
  ...paymentClasses,
  ...portsClasses,
  ...mbusClasses,
  ...internetClasses,
  ...plcClasses,
  ...wirelessClasses,
].sort((one, other) => one.classId - other.classId || one.version - other.version);

/** Finds a class by id and version; without a version, the newest one. Undefined for a class that is not in the package. */
export function findClass(classId: number, version?: number): ClassSpec | undefined {
  return interfaceClasses.findLast(
    (one) => one.classId === classId && (version === undefined || one.version === version),
  );
}
