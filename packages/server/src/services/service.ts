import type { DataAccessResultName } from "@dlmskit/apdu";
import type { AttributeReference, MethodReference } from "@dlmskit/association";
import type { LogicalName } from "@dlmskit/core";
import type { AnyObject } from "@dlmskit/cosem-objects";
import type { Call, Outcome } from "../access/call.ts";
import type { Device } from "../meter/device.ts";

type Distribute<C> = C extends Call ? Pick<C, Extract<keyof C, "do" | "value" | "selection" | "argument">> : never;

/** What an item of a request asks for: a call without who asks. */
export type Wish = Distribute<Call> & {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly index: number;
  /** Where the reference says which object it is; else it is looked up by class and logical name. */
  readonly object?: AnyObject;
};

/** What an item asks for, or why it cannot be told. */
export type Resolved = Wish | { readonly refused: DataAccessResultName };

/** A service on the server's side: how its items become calls, and the result of them becomes results. */
export interface ServerService<Item, Result> {
  /** GET changes nothing; the others run in a unit of work. A function where the items tell. */
  readonly changes: boolean | ((items: readonly Item[], device: Device) => boolean);
  /** Whether no item is done after one that failed; those have other-reason. Never by default. */
  stops?(request: object): boolean;
  wish(item: Item, device: Device): Resolved;
  result(outcome: Outcome, item: Item): Result;
}

/** Whether the items of a request can change anything. */
export function changes<Item>(service: ServerService<Item, unknown>, items: readonly Item[], device: Device): boolean {
  return typeof service.changes === "function" ? service.changes(items, device) : service.changes;
}

/** The wish of an attribute reference. */
export const attributeOf = ({
  classId,
  instanceId,
  attributeId,
  access,
}: AttributeReference): Pick<Wish, "classId" | "instanceId" | "index"> & {
  readonly selection?: NonNullable<AttributeReference["access"]>;
} => ({ classId, instanceId, index: attributeId, ...(access === undefined ? {} : { selection: access }) });

export const methodOf = ({ classId, instanceId, methodId }: MethodReference) => ({
  classId,
  instanceId,
  index: methodId,
});
