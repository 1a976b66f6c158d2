import { type DataLike, streamedStructure } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  after,
  afterEach,
  attempt,
  attributeAccess,
  attributeIds,
  type Context,
  denied,
  hasAttribute,
  hasMethod,
  invokeMethod,
  isAvailable,
  listsAttribute,
  type MaybePromise,
  methodAccess,
  readAttribute,
  refusalOf,
  refuse,
  responseProtection,
  writeAttribute,
} from "@dlmskit/cosem-objects";
import type { Device } from "../meter/device.ts";
import type { Call, Outcome } from "./call.ts";
import type { GrantedRights } from "./granted-rights.ts";

/** The object of a reference; undefined if this client cannot see it. */
export function objectFor(
  device: Device,
  rights: GrantedRights | undefined,
  classId: number,
  instanceId: string,
): AnyObject | "object-undefined" | "object-class-inconsistent" {
  const object = device.byName.get(instanceId);
  if (object === undefined || rights?.sees(object) === false) return "object-undefined";
  return object.spec.classId === classId ? object : "object-class-inconsistent";
}

/**
 * Attribute 0: a structure of all attributes, in the order of their ids. An attribute that the client may not read, or that cannot be
 * read now, is null-data (Green Book, attribute_0 referencing).
 */
function allAttributes(call: Call, object: AnyObject, canProtect: CanProtect): MaybePromise<Outcome> {
  const { view, rights } = call;
  const ids = [1, ...attributeIds(object.spec)].filter((id) => hasAttribute(object, id));
  const one = (id: number): MaybePromise<DataLike> => {
    if (rights !== undefined) {
      const granted = attributeAccess(rights.current, object, id);
      const refused = denied(granted, "read", call.protection) !== undefined;
      if (refused || !canProtect(call, responseProtection(granted))) return nullData;
    }
    return readAttribute(object, view.values(object), id, view.context(object));
  };
  const values = afterEach(ids, (id) => attempt(() => one(id), ignoredRefusal));
  return after(values, (elements) => ({ data: streamedStructure(elements) }));
}

const nullData: DataLike = { type: "null-data" };

function ignoredRefusal(error: unknown): DataLike {
  const unreadable = error instanceof Fault && error.code === "unreadable-value";
  if (refusalOf(error) === undefined && !unreadable) throw error;
  return nullData;
}

/** Whether an association can protect its answers in the required way. */
export type CanProtect = (call: Call, protection: ReturnType<typeof responseProtection>) => boolean;

/**
 * The last step of a call, after the interceptors: checks the rights of the object list, then accesses the object and its hook. The
 * meter itself needs no rights. Throws refusals (`refuse`) and the errors of hooks.
 */
export function perform(call: Call, canProtect: CanProtect): MaybePromise<Outcome> {
  const { device, view, rights, classId, instanceId, index } = call;
  // The object of a short-name reference is already known.
  const object = call.object ?? objectFor(device, rights, classId, instanceId);
  if (typeof object === "string") throw refuse(object);
  if (device.hasFunctions && !isAvailable(object, view)) throw refuse("object-unavailable", "its function is disabled");
  if (call.do === "invoke") {
    if (!hasMethod(object, index)) throw refuse("object-undefined");
    if (rights !== undefined) expectGranted(call, methodAccess(rights.current, object, index), "invoke", canProtect);
    const done = invokeMethod(object, view.draft(object), index, call.argument, view.context(object));
    return after(done, (data) => (data === undefined ? {} : { data }));
  }
  if (call.do === "read" && index === 0 && call.selection === undefined) return allAttributes(call, object, canProtect);
  // The attribute is in the object list and exists, even if this client has no access to it.
  if (!hasAttribute(object, index)) {
    throw refuse(listsAttribute(object, index) ? "read-write-denied" : "object-undefined");
  }
  if (call.do === "read") {
    if (rights !== undefined) expectGranted(call, attributeAccess(rights.current, object, index), "read", canProtect);
    const context = (): Context => view.context(object);
    const read = readAttribute(object, view.values(object), index, context, call.selection);
    return after(read, (data) => ({ data }));
  }
  if (rights !== undefined) expectGranted(call, attributeAccess(rights.current, object, index), "write", canProtect);
  if (call.selection !== undefined) throw refuse("other-reason", "an attribute cannot be written in part");
  return after(writeAttribute(object, view.draft(object), index, call.value, view.context(object)), () => ({}));
}

function expectGranted(call: Call, granted: number, use: "read" | "write" | "invoke", canProtect: CanProtect): void {
  const why = denied(granted, use, call.protection);
  if (why !== undefined) throw refuse(why);
  if (!canProtect(call, responseProtection(granted))) throw refuse("scope-of-access-violated");
}
