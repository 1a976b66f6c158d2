import type { DataAccessResultName } from "@dlmskit/apdu";
import type { AttributeReference, MethodReference } from "@dlmskit/association";
import type { LogicalName } from "@dlmskit/core";
import type { AnyObject } from "@dlmskit/cosem-objects";
import type { Call, Outcome } from "../access/call.ts";
import type { Device } from "../meter/device.ts";

type Distribute<C> = C extends Call ? Pick<C, Extract<keyof C, "do" | "value" | "selection" | "argument">> : never;

/** The access that an item of a request asks for: a call without its source. */
export type Wish = Distribute<Call> & {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly index: number;
  /** The object, if the reference identifies it; otherwise it is found by class and logical name. */
  readonly object?: AnyObject;
};

/** The access that an item asks for, or the reason why it cannot be determined. */
export type Resolved = Wish | { readonly refused: DataAccessResultName };

/** A service on the server side: converts items to calls, and outcomes of calls to results. */
export interface ServerService<Item, Result> {
  /** GET changes nothing; the other services run in a unit of work. A function if it depends on the items. */
  readonly changes: boolean | ((items: readonly Item[], device: Device) => boolean);
  /** Whether the items after a failed item are not done; their result is other-reason. Never by default. */
  stops?(request: object): boolean;
  wish(item: Item, device: Device): Resolved;
  result(outcome: Outcome, item: Item): Result;
}

/** Whether the items of a request can change anything. */
export function changes<Item>(service: ServerService<Item, unknown>, items: readonly Item[], device: Device): boolean {
  return typeof service.changes === "function" ? service.changes(items, device) : service.changes;
}

/** The `Wish` of an attribute reference. */
export const attributeOf = ({
  classId,
  instanceId,
  attributeId,
  access,
}: AttributeReference): Pick<Wish, "classId" | "instanceId" | "index"> & {
  readonly selection?: NonNullable<AttributeReference["access"]>;
} => {
  const wish = { classId, instanceId, index: attributeId };
  return access === undefined ? wish : { ...wish, selection: access };
};

export const methodOf = ({ classId, instanceId, methodId }: MethodReference) => ({
  classId,
  instanceId,
  index: methodId,
});
