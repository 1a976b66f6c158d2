import { type Data, type DataAccessResultName, type DataLike, dataOf, fromData, T } from "@dlmskit/apdu";
import {
  type ActionOutcome,
  type AttributeReference,
  type AttributeValue,
  type GetResult,
  type MethodInvocation,
  type Negotiated,
  type ReadResult,
  type RequestOptions,
  type ResultsOf,
  type ServiceRequest,
  services,
  type VariableReference,
  type VariableValue,
  type WriteResult,
} from "@dlmskit/association";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import {
  attributeName,
  attributeOffset,
  type ClassSpec,
  currentAssociation,
  findClass,
  methodName,
  methodOffset,
  reservedBaseName,
  ShortNameListElement,
} from "@dlmskit/cosem-objects";

// A program names objects by class and logical name with either referencing; this file translates these names to short names.

/** An object of the meter with its base name, as its Association SN lists it. */
export interface ShortNamedObject {
  /** 0 to 0xFFF8. */
  readonly baseName: number;
  readonly classId: number;
  /** The offsets of the methods depend on it. */
  readonly version: number;
  readonly instanceId: LogicalName;
}

export const associationSn = 12;
const associationLn = 15;
/** Used if the meter does not give its version: this version has all attributes of the earlier versions. */
const latestVersion = 4;
/** The object list of the current association. */
const objectListName = 0xfa08;
/** read_by_logicalname of the current association. */
const readByLogicalName = 0xfa30;
const List = T.array(ShortNameListElement);
const ByLogicalName = T.array(
  T.structure({ classId: T.longUnsigned, instanceId: T.logicalName, attributeId: T.integer }),
);

/** How a request is sent. `repeatable`: the request may be sent again if there is no answer. */
export type Sends = (request: ServiceRequest, options: RequestOptions, repeatable: boolean) => Promise<ResultsOf>;

type Named = Pick<AttributeReference, "classId" | "instanceId">;
type Refused = { readonly refused: DataAccessResultName };
/** An item and its translation, or why it has no short name. */
type Translated<T> = readonly (T | Refused)[];

const isRefused = (item: unknown): item is Refused => typeof item === "object" && item !== null && "refused" in item;

/** The objects in the elements of an object list; invalid elements are omitted. Fault `bad-object-list`. */
function listedObjects(data: Data): readonly ShortNamedObject[] {
  try {
    return fromData(List, data).map((one) => ({ ...one, baseName: one.baseName & 0xffff }));
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Fault("bad-object-list", `the object list is not that of an Association SN: ${cause.message}`, {
      layer: "client",
      cause,
    });
  }
}

/** The short names of a meter: those of the user, those that the standard reserves, and those of the meter's object list. */
export class ShortNames {
  readonly #association: Negotiated;
  readonly #send: Sends;
  readonly #classes: readonly ClassSpec[];
  readonly #told = new Map<string, ShortNamedObject>();
  #listed: Promise<readonly ShortNamedObject[]> | undefined;
  /** The object list at its last read. */
  #known: readonly ShortNamedObject[] = [];

  /** `told`: objects that need not be looked up in the meter; `classes`: classes of the user. Fault `bad-logical-name`. */
  constructor(
    association: Negotiated,
    send: Sends,
    { told = [], classes = [] }: { told?: readonly ShortNamedObject[]; classes?: readonly ClassSpec[] },
  ) {
    this.#association = association;
    this.#send = send;
    this.#classes = classes;
    for (const one of told) {
      const instanceId = logicalName(one.instanceId);
      this.#told.set(`${one.classId} ${instanceId}`, { ...one, instanceId });
    }
  }

  /** The meter's object list, read once. Faults as for a request, `bad-object-list`; after a Fault the next call reads the list again. */
  list(): Promise<readonly ShortNamedObject[]> {
    this.#listed ??= this.#readList().catch((fault: unknown) => {
      this.#listed = undefined;
      throw fault;
    });
    return this.#listed;
  }

  /** Reads the object list again. */
  refreshed(): Promise<readonly ShortNamedObject[]> {
    this.#listed = undefined;
    return this.list();
  }

  async #readList(): Promise<readonly ShortNamedObject[]> {
    const [result] = (await this.#read([{ variableName: objectListName }], {}, true)) as [ReadResult];
    if ("data" in result) {
      this.#known = listedObjects(result.data as Data);
      return this.#known;
    }
    throw new Fault(result.error, `the object list cannot be read: ${result.error}`, {
      layer: "client",
      hint: "give the base names that you need with `shortNames`",
    });
  }

  /** The object; undefined if the meter's list does not have it. */
  async #find({ classId, instanceId }: Named): Promise<ShortNamedObject | undefined> {
    // The current association always has the class of short-name referencing.
    const isCurrent = instanceId === currentAssociation && (classId === associationSn || classId === associationLn);
    const wanted = isCurrent ? associationSn : classId;
    const told = this.#told.get(`${wanted} ${instanceId}`);
    if (told !== undefined) return told;
    const baseName = reservedBaseName(wanted, instanceId);
    const found = baseName === undefined ? await this.list() : await this.list().catch(orNothing);
    const listed = found.find((one) => one.classId === wanted && one.instanceId === instanceId);
    // The reserved base name is also used if the list cannot be read.
    if (listed !== undefined || baseName === undefined) return listed;
    return { baseName, classId: wanted, version: wanted === associationSn ? latestVersion : 0, instanceId };
  }

  /** Whether the short name belongs to another object of the meter's list, as far as the list is known. */
  #isOther({ baseName }: ShortNamedObject, shortName: number): boolean {
    return this.#known.some((one) => one.baseName > baseName && one.baseName <= shortName);
  }

  #class({ classId, version }: ShortNamedObject): ClassSpec | undefined {
    const own = this.#classes.find((one) => one.classId === classId && one.version === version);
    return own ?? findClass(classId, version);
  }

  async #attribute(reference: AttributeReference): Promise<VariableReference | Refused> {
    const { attributeId, access } = reference;
    if (attributeId === 0)
      return { variableName: readByLogicalName, access: { selector: 0, parameters: all(reference) } };
    const offset = attributeOffset(attributeId);
    if (offset === undefined) return { refused: "object-undefined" };
    const found = await this.#find(reference);
    if (found === undefined) return { refused: "object-undefined" };
    // A short name after the attributes of the class belongs to another object and must not be used for this object.
    const spec = this.#class(found);
    const isBeyond = spec !== undefined && attributeId !== 1 && attributeName(spec, attributeId) === undefined;
    const variableName = found.baseName + offset;
    if (isBeyond || this.#isOther(found, variableName)) return { refused: "object-undefined" };
    return { variableName, ...(access === undefined ? {} : { access }) };
  }

  /** Fault `no-short-name`: the offset of a method depends on its class and cannot be derived. */
  async #method({ method }: MethodInvocation): Promise<number | Refused> {
    const found = await this.#find(method);
    if (found === undefined) return { refused: "object-undefined" };
    const { classId, version } = found;
    const spec = this.#class(found);
    if (spec !== undefined && methodName(spec, method.methodId) === undefined) return { refused: "object-undefined" };
    const offset = spec && methodOffset(spec, method.methodId);
    if (offset === undefined) {
      throw new Fault(
        "no-short-name",
        `the offset of method ${method.methodId} of class ${classId}, version ${version}, is not known`,
        {
          layer: "client",
          hint: "declare the class with its methodOffset, and pass it in `classes`",
        },
      );
    }
    return found.baseName + offset;
  }

  /** Sends a request with short names instead of logical names: returns a result for each item. */
  async request(request: ServiceRequest, options: RequestOptions): Promise<ResultsOf> {
    switch (request.service) {
      case "get":
        return this.#get(request.items, options);
      case "set":
        return this.#set(request.items, options);
      case "action":
        return this.#action(request.items, options);
      default:
        return this.#send(request, options, false);
    }
  }

  async #get(items: readonly AttributeReference[], options: RequestOptions): Promise<readonly GetResult[]> {
    const found: Translated<VariableReference> = await inOrder(items, (one) => this.#attribute(one));
    const results = await this.#read(named(found), options, true);
    const merged = merge(found, results, (error): GetResult => ({ error }));
    // read_by_logicalname returns a structure with one value for each requested attribute.
    return merged.map((result, at) => (items[at]?.attributeId === 0 ? onlyValue(result) : result));
  }

  async #read(
    items: readonly VariableReference[],
    options: RequestOptions,
    repeatable: boolean,
  ): Promise<readonly ReadResult[]> {
    if (items.length === 0) return [];
    return (await this.#send({ service: "read", items }, options, repeatable)) as readonly ReadResult[];
  }

  async #write(items: readonly VariableValue[], options: RequestOptions): Promise<readonly WriteResult[]> {
    if (items.length === 0) return [];
    return (await this.#send({ service: "write", items }, options, false)) as readonly WriteResult[];
  }

  async #set(items: readonly AttributeValue[], options: RequestOptions): Promise<readonly WriteResult[]> {
    const found: Translated<VariableValue> = await inOrder(items, async ({ attribute, value }) => {
      if (attribute.attributeId === 0) return { refused: "object-undefined" };
      const variable = await this.#attribute(attribute);
      return isRefused(variable) ? variable : { variable, value };
    });
    const results = await this.#write(named(found), options);
    return results.length === 0 && options.confirmed === false
      ? []
      : merge(found, results, (error): WriteResult => error);
  }

  /** Uses Read, which returns the result of the method, if the meter accepts parameters there; else Write. */
  async #action(items: readonly MethodInvocation[], options: RequestOptions): Promise<readonly ActionOutcome[]> {
    const found = await inOrder(items, async (one) => {
      const variableName = await this.#method(one);
      const parameters: DataLike = one.parameters ?? { type: "null-data" };
      return typeof variableName === "number" ? { variableName, parameters } : variableName;
    });
    const known = named(found);
    const { conformance } = this.#association;
    if (options.confirmed === false || !conformance.includes("parameterized-access")) {
      const written = known.map(({ variableName, parameters }) => ({ variable: { variableName }, value: parameters }));
      const results = await this.#write(written, options);
      if (results.length === 0 && options.confirmed === false) return [];
      return merge(found, results.map(outcome), outcome);
    }
    const asked = known.map(({ variableName, parameters }) => ({ variableName, access: { selector: 0, parameters } }));
    const results = await this.#read(asked, options, false);
    return merge(
      found,
      results.map((one): ActionOutcome => {
        if ("error" in one) return outcome(one.error);
        return one.data.type === "null-data" ? { result: "success" } : { result: "success", data: one.data };
      }),
      outcome,
    );
  }
}

function named<T>(items: readonly (T | Refused)[]): readonly T[] {
  return items.filter((one): one is T => !isRefused(one));
}

const orNothing = (): readonly ShortNamedObject[] => [];

/** The parameter that requests all attributes of an object. */
function all({ classId, instanceId }: AttributeReference): DataLike {
  return dataOf(ByLogicalName, [{ classId, instanceId, attributeId: 0 }]);
}

function onlyValue(result: GetResult): GetResult {
  if ("error" in result) return result;
  const { data } = result;
  const [value] = data.type === "structure" || data.type === "array" ? data.value : [];
  return value === undefined ? { error: "other-reason" } : { data: value };
}

// Uses the form of result that the service action uses.
const outcome = (result: DataAccessResultName): ActionOutcome => services.action.refused(result);

async function inOrder<T, U>(items: readonly T[], one: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (const item of items) done.push(await one(item));
  return done;
}

/** The results of all items in order: those of the sent items, and the errors of the others. */
function merge<R>(items: readonly unknown[], results: readonly R[], refused: (error: DataAccessResultName) => R): R[] {
  let at = 0;
  return items.map((item) => (isRefused(item) ? refused(item.refused) : (results[at++] as R)));
}
