import type { DataAccessResultName, DataLike } from "@dlmskit/apdu";
import type { ProtectionSeen } from "@dlmskit/association";
import type { LogicalName } from "@dlmskit/core";
import type { Actor, AnyObject, DeviceView, MaybePromise, Selection } from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { GrantedRights } from "./granted-rights.ts";

interface CallBase {
  readonly meter: KnownMeter;
  /** The logical device as the template has it. */
  readonly device: Device;
  /** The logical device as hooks see it: what an interceptor changes through it is kept with the call, or not at all. */
  readonly view: DeviceView;
  /** Undefined where the meter itself acts. */
  readonly association: Association | undefined;
  /** What that association grants, as it was opened. */
  readonly rights: GrantedRights | undefined;
  readonly by: Actor;
  readonly protection: ProtectionSeen;
  readonly classId: number;
  readonly instanceId: LogicalName;
  /** Attribute or method id. */
  readonly index: number;
  /** Undefined where the device has none of that name and class, or the client does not see it. */
  readonly object: AnyObject | undefined;
}

/** One item on its way to an object, whichever service, script or schedule it comes from. */
export type Call =
  | (CallBase & { readonly do: "read"; readonly selection?: Selection })
  | (CallBase & { readonly do: "write"; readonly value: DataLike; readonly selection?: Selection })
  | (CallBase & { readonly do: "invoke"; readonly argument?: DataLike });

/** The result of it: with the data that was read or returned, or why it was refused. */
export type Outcome = { readonly data?: DataLike; readonly error?: never } | { readonly error: DataAccessResultName };

/**
 * Goes around every item of every request and of every local action, the first outermost: sees it, lets it pass (`next()`),
 * answers in its place, or changes the result of it. It stands outside the access rights: only `next()` reaches an object, and
 * only with the right to.
 */
export type Interceptor = (call: Call, next: () => MaybePromise<Outcome>) => MaybePromise<Outcome>;

/** The onion of interceptors around a handler. */
export function compose(
  interceptors: readonly Interceptor[],
  handler: (call: Call) => MaybePromise<Outcome>,
): (call: Call) => MaybePromise<Outcome> {
  return interceptors.reduceRight<(call: Call) => MaybePromise<Outcome>>(
    (inner, interceptor) => (call) => interceptor(call, () => inner(call)),
    handler,
  );
}
