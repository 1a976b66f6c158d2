import type { DataLike } from "@dlmskit/apdu";
import type {
  ActionOutcome,
  AttributeReference,
  GetResult,
  MethodReference,
  ProtectionSeen,
  SetResult,
} from "@dlmskit/association";
import type { AnyObject, MaybePromise } from "@dlmskit/cosem-objects";
import type { Association } from "./association-spec.ts";
import type { Meter } from "./meter.ts";
import type { Device } from "./meter-template.ts";

interface CallBase {
  readonly meter: Meter;
  readonly device: Device;
  readonly association: Association;
  readonly protection: ProtectionSeen;
  /** Undefined where the device has none of that name and class, or the client does not see it. */
  readonly object: AnyObject | undefined;
}

/** One item of a request, on its way to an object. */
export type Call =
  | (CallBase & { readonly service: "get"; readonly attribute: AttributeReference })
  | (CallBase & { readonly service: "set"; readonly attribute: AttributeReference; readonly value: DataLike })
  | (CallBase & { readonly service: "action"; readonly method: MethodReference; readonly parameters?: DataLike });

/** What came of it. */
export type Outcome =
  | { readonly service: "get"; readonly result: GetResult }
  | { readonly service: "set"; readonly result: SetResult }
  | { readonly service: "action"; readonly result: ActionOutcome };

/**
 * Goes around every item of every request, the first outermost: sees it, lets it pass (`next()`), answers in its place, or changes
 * what came of it. It stands outside the access rights: only `next()` reaches an object, and only with the right to.
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
