import type { ActionResultName, DataAccessResultName } from "@dlmskit/apdu";
import type { Incoming, ResultsOf } from "@dlmskit/association";
import {
  type AnyObject,
  type AssociationInformation,
  after,
  afterEach,
  attempt,
  attributeAccess,
  denied,
  hasAttribute,
  hasMethod,
  invokeMethod,
  type MaybePromise,
  methodAccess,
  type RequestProtection,
  readAttribute,
  refusalOf,
  refuse,
  responseProtection,
  visible,
  writeAttribute,
} from "@dlmskit/cosem-objects";
import type { Association } from "./association-spec.ts";
import { type Call, compose, type Interceptor, type Outcome } from "./interceptor.ts";
import type { Meter } from "./meter.ts";
import type { Device } from "./meter-template.ts";

/** Who asks: one association of one client with one logical device of one meter. */
export interface Asker {
  readonly meter: Meter;
  readonly device: Device;
  readonly association: Association;
  readonly information: AssociationInformation;
}

export interface Dispatcher {
  /** The results of a request, one an item; never throws. */
  serve(asker: Asker, incoming: Incoming): MaybePromise<ResultsOf>;
}

/** Something threw that is no refusal: told to the owner, and to the client as hardware-fault. */
export type Failed = (meter: Meter, what: string, error: unknown) => void;

const seen = new WeakMap<Association, WeakMap<AnyObject, boolean>>();

/** The object that a reference means to this client: one that it does not see is not there. */
function objectFor(
  { device, association }: Pick<Asker, "device" | "association">,
  classId: number,
  instanceId: string,
): AnyObject | "object-undefined" | "object-class-inconsistent" {
  const object = device.byName.get(instanceId);
  if (object === undefined) return "object-undefined";
  let known = seen.get(association);
  if (known === undefined) {
    known = new WeakMap();
    seen.set(association, known);
  }
  let sees = known.get(object);
  if (sees === undefined) {
    sees = visible(association.rights, object);
    known.set(object, sees);
  }
  if (!sees) return "object-undefined";
  return object.spec.classId === classId ? object : "object-class-inconsistent";
}

/** The way of every request: interceptors, access rights, object, hook. */
export function dispatcher(interceptors: readonly Interceptor[], failed: Failed): Dispatcher {
  return {
    serve(asker, incoming) {
      const { request, protection } = incoming;
      const base = { meter: asker.meter, device: asker.device, association: asker.association, protection };
      const reach = compose(interceptors, (call) => access(asker, call));
      const one = <R>(call: Call, what: string, refused: (result: DataAccessResultName) => R): MaybePromise<R> =>
        attempt(
          () => after(reach(call), (outcome) => outcome.result as R),
          (error) => refused(resultOf(error, () => failed(asker.meter, what, error))),
        );
      const find = (classId: number, instanceId: string): AnyObject | undefined => {
        const found = objectFor(asker, classId, instanceId);
        return typeof found === "string" ? undefined : found;
      };
      switch (request.service) {
        case "get":
          return afterEach(request.items, (attribute) => {
            const object = find(attribute.classId, attribute.instanceId);
            const what = `get ${attribute.instanceId}:${attribute.attributeId}`;
            return one({ ...base, service: "get", attribute, object }, what, (error) => ({ error }));
          });
        case "set":
          return afterEach(request.items, ({ attribute, value }) => {
            const object = find(attribute.classId, attribute.instanceId);
            const what = `set ${attribute.instanceId}:${attribute.attributeId}`;
            return one({ ...base, service: "set", attribute, value, object }, what, (result) => result);
          });
        case "action":
          return afterEach(request.items, ({ method, parameters }) => {
            const object = find(method.classId, method.instanceId);
            const what = `action ${method.instanceId}:${method.methodId}`;
            const call: Call = { ...base, service: "action", method, object, ...(parameters && { parameters }) };
            return one(call, what, (result) => ({ result: actionResult(result) }));
          });
      }
    },
  };
}

function resultOf(error: unknown, failed: () => void): DataAccessResultName {
  const refused = refusalOf(error);
  if (refused !== undefined) return refused;
  failed();
  return "hardware-fault";
}

// Action-Result has no block numbers and no results of GET and SET transfers.
const dataOnly = new Set<DataAccessResultName>([
  "long-get-aborted",
  "no-long-get-in-progress",
  "long-set-aborted",
  "no-long-set-in-progress",
  "data-block-number-invalid",
]);
const actionResult = (result: DataAccessResultName): ActionResultName =>
  dataOnly.has(result) ? "other-reason" : (result as ActionResultName);

/** How the answer must be protected by the rights of all that was granted: a refusal tells nothing. */
export function requiredProtection(
  asker: Pick<Asker, "device" | "association">,
  { request }: Incoming,
  results: ResultsOf,
): RequestProtection {
  const { rights } = asker.association;
  let bits = 0;
  for (const [at, item] of request.items.entries()) {
    if (!granted(results[at])) continue;
    const reference = "method" in item ? item.method : "attribute" in item ? item.attribute : item;
    const object = objectFor(asker, reference.classId, reference.instanceId);
    if (typeof object === "string") continue;
    bits |=
      "methodId" in reference
        ? methodAccess(rights, object, reference.methodId)
        : attributeAccess(rights, object, reference.attributeId);
  }
  return responseProtection(bits);
}

function granted(result: ResultsOf[number] | undefined): boolean {
  if (result === undefined || typeof result === "string") return result === "success";
  return "result" in result ? result.result === "success" : "data" in result;
}

/** Whether answers of this association can be protected like that at all. */
function canProtect({ meter, association }: Asker, { authenticated, encrypted, signed }: RequestProtection): boolean {
  if ((authenticated || encrypted || signed) && !association.security.ciphered) return false;
  return !signed || meter.state(association).credentials.privateKeys.digitalSignature !== undefined;
}

/** The innermost ring: the rights that the object list tells, then the object. */
function access(asker: Asker, call: Call): MaybePromise<Outcome> {
  const { classId, instanceId } = call.service === "action" ? call.method : call.attribute;
  const object = objectFor(asker, classId, instanceId);
  if (typeof object === "string") throw refuse(object);
  const { meter, device, association, information } = asker;
  const { rights } = association;
  const context = meter.context(device, association.client, information);
  const check = (bits: number, use: "read" | "write" | "invoke"): void => {
    const why = denied(bits, use, call.protection);
    if (why !== undefined) throw refuse(why);
    if (!canProtect(asker, responseProtection(bits))) throw refuse("scope-of-access-violated");
  };
  if (call.service === "action") {
    const { methodId } = call.method;
    if (!hasMethod(object, methodId)) throw refuse("object-undefined");
    check(methodAccess(rights, object, methodId), "invoke");
    return meter.kept(device, object, methodId, () =>
      after(invokeMethod(object, meter.ownValues(object), methodId, call.parameters, context), (data) => ({
        service: "action",
        result: { result: "success", ...(data === undefined ? {} : { data }) },
      })),
    );
  }
  const { attributeId, access: selection } = call.attribute;
  if (!hasAttribute(object, attributeId)) throw refuse("object-undefined");
  const bits = attributeAccess(rights, object, attributeId);
  if (call.service === "get") {
    check(bits, "read");
    return after(readAttribute(object, meter.values(object), attributeId, context, selection), (data) => ({
      service: "get",
      result: { data },
    }));
  }
  check(bits, "write");
  if (selection !== undefined) throw refuse("other-reason", "no attribute is written in part");
  return meter.kept(device, object, undefined, () =>
    after(writeAttribute(object, meter.ownValues(object), attributeId, call.value, context), () => ({
      service: "set",
      result: "success",
    })),
  );
}
