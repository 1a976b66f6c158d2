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
  /** The logical device in the template. */
  readonly device: Device;
  /** The logical device as hooks see it. Changes that an interceptor makes through it are kept together with the call, or not at all. */
  readonly view: DeviceView;
  /** Undefined if the meter itself acts. */
  readonly association: Association | undefined;
  /** The access rights of the association since it was opened. */
  readonly rights: GrantedRights | undefined;
  readonly by: Actor;
  readonly protection: ProtectionSeen;
  readonly classId: number;
  readonly instanceId: LogicalName;
  /** Attribute or method id. */
  readonly index: number;
  /** Undefined if the device has no object with this name and class, or the client cannot see it. */
  readonly object: AnyObject | undefined;
}

/** One access to an object, from a service, a script or a schedule. */
export type Call =
  | (CallBase & { readonly do: "read"; readonly selection?: Selection })
  | (CallBase & { readonly do: "write"; readonly value: DataLike; readonly selection?: Selection })
  | (CallBase & { readonly do: "invoke"; readonly argument?: DataLike });

/** The result of a call: the data that was read or returned, or the reason for the refusal. */
export type Outcome = { readonly data?: DataLike; readonly error?: never } | { readonly error: DataAccessResultName };

/**
 * Wraps every item of every request and of every local action; the first interceptor is the outermost. It can pass the call on
 * (`next()`), answer the call itself, or change the result. It runs before the check of access rights: only `next()` reaches an
 * object, and only if the client has the right.
 */
export type Interceptor = (call: Call, next: () => MaybePromise<Outcome>) => MaybePromise<Outcome>;

/** Wraps a handler in the interceptors. */
export function compose(
  interceptors: readonly Interceptor[],
  handler: (call: Call) => MaybePromise<Outcome>,
): (call: Call) => MaybePromise<Outcome> {
  return interceptors.reduceRight<(call: Call) => MaybePromise<Outcome>>(
    (inner, interceptor) => (call) => interceptor(call, () => inner(call)),
    handler,
  );
}
