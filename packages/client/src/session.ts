import type { Data, DataLike } from "@dlmskit/apdu";
import { fromData } from "@dlmskit/apdu";
import {
  type AccessItem,
  type AccessResult,
  type ActionOutcome,
  type AttributeReference,
  type AttributeValue,
  type GetResult,
  type KeyChange,
  type MethodInvocation,
  type MethodReference,
  type Negotiated,
  type RequestOptions,
  type ServiceRequest,
  type SetResult,
  withoutTransaction,
} from "@dlmskit/association";
import { type Codec, type CosemDateTime, Fault, type FaultCode, type LogicalName, logicalName } from "@dlmskit/core";
import { type ClassSpec, findClass, unknownClass } from "@dlmskit/cosem-objects";
import type { CounterSource } from "@dlmskit/security";
import { type AccessRequestOptions, type AccessResultOf, plainItem, typedResult } from "./access.ts";
import { Asking, type AskingPort, type Responded, resultsOf, type ToValue } from "./asking.ts";
import type { Connection } from "./connection.ts";
import { type DiscoveredObject, type Discovery, discover } from "./discover.ts";
import { discoverShortNames } from "./discover-short-names.ts";
import type { ConnectOptions } from "./options.ts";
import { type Profile, type ProfileSelection, readProfile } from "./profile.ts";
import { RemoteObject } from "./remote-object.ts";
import { type Sends, ShortNames } from "./short-names.ts";
import { type AttributeOf, type AttributeValueOf, readScaled, readTyped, type Scaled } from "./typed-read.ts";

/** An open association with a meter. */
export class Session implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #options: ConnectOptions;
  readonly #asking: AskingPort;
  #counters: CounterSource | undefined;
  /** Undefined with logical names. */
  readonly #shortNames: ShortNames | undefined;
  /** The negotiated parameters. */
  readonly association: Negotiated;

  /** Made by `connect`. */
  constructor(connection: Connection, options: ConnectOptions, association: Negotiated) {
    this.#connection = connection;
    this.#options = options;
    this.#asking = { options, ask: (asked) => connection.ask(asked) };
    this.#counters = options.security?.counters;
    this.association = association;
    if (association.context === "logical-name") return;
    const { shortNames: told = [], classes = [] } = options;
    const send: Sends = (request, how, repeatable) => this.#send(request, how, resultsOf, repeatable);
    this.#shortNames = new ShortNames(association, send, { told, classes });
  }

  /** The remote end of the transport. */
  get remote(): string {
    return this.#connection.remote;
  }

  /**
   * Reads an attribute. Faults: the name of the data-access-result that the meter gives instead (`"read-write-denied"` …),
   * `timeout`, `link-lost`, and those of the association.
   */
  get(reference: AttributeReference, options?: RequestOptions): Promise<Data>;
  /** Reads several attributes: a result for each, in order. Uses lists if the meter supports them, otherwise single requests. */
  get(references: readonly AttributeReference[], options?: RequestOptions): Promise<readonly GetResult[]>;
  get(
    given: AttributeReference | readonly AttributeReference[],
    options: RequestOptions = {},
  ): Promise<Data | readonly GetResult[]> {
    // The method that is called most: an async function would make another promise.
    try {
      if ("length" in given) return this.#lists("get", given.map(named), options) as Promise<readonly GetResult[]>;
      return this.#request({ service: "get", items: [named(given)] }, options, dataOf);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Reads an attribute as a value of a declared type (`T` of @dlmskit/apdu). Faults as for `get`, and `type-unmatched`. */
  read<V>(reference: AttributeReference, codec: Codec<V>, options?: RequestOptions): Promise<V>;
  /**
   * Reads an attribute by its name in an interface class: `session.read(Clock, "0-0:1.0.0", "time")`. The class determines the type of
   * the value. Faults as for `get`, `type-unmatched`, and `no-attribute` for a name that the class does not have.
   */
  read<S extends ClassSpec, K extends AttributeOf<S>>(
    spec: S,
    instanceId: LogicalName,
    attribute: K,
    options?: RequestOptions,
  ): Promise<AttributeValueOf<S, K>>;
  async read(given: AttributeReference | ClassSpec, second: unknown, third?: unknown, fourth?: RequestOptions) {
    if ("attributes" in given) {
      return readTyped(this, given, logicalName(second as LogicalName), third as string, fourth);
    }
    return fromData(second as Codec<unknown>, await this.get(given, third as RequestOptions));
  }

  /**
   * Reads the value of an object whose class has the trait `scaled`, with the scaler applied, and its unit:
   * `session.readScaled(Register, "1-0:1.8.0")`. Faults as for `get`, `type-unmatched` if the value is no number, `no-attribute`.
   */
  readScaled(spec: ClassSpec, instanceId: LogicalName, options?: RequestOptions): Promise<Scaled> {
    return readScaled(this, spec, logicalName(instanceId), options);
  }

  /** Writes an attribute. Faults as for `get`. It is never repeated: after a `timeout` the meter may or may not have written the value. */
  set(reference: AttributeReference, value: DataLike, options?: RequestOptions): Promise<void>;
  /** Writes several attributes: a result for each, in order. */
  set(values: readonly AttributeValue[], options?: RequestOptions): Promise<readonly SetResult[]>;
  async set(
    given: AttributeReference | readonly AttributeValue[],
    second: DataLike | RequestOptions = {},
    third: RequestOptions = {},
  ): Promise<unknown> {
    if ("length" in given) {
      const items = given.map(({ attribute, value }) => ({ attribute: named(attribute), value }));
      return this.#lists("set", items, second as RequestOptions) as Promise<readonly SetResult[]>;
    }
    const items = [{ attribute: named(given), value: second as DataLike }];
    const [result] = (await this.#request({ service: "set", items }, third, resultsOf)) as [SetResult?];
    if (result !== undefined && result !== "success") throw refused(result, `${describe(given)} cannot be written`);
    return undefined;
  }

  /** Invokes a method. Returns its return value, or undefined if it has none. Faults as for `set`; it is never repeated either. */
  invoke(method: MethodReference, parameters?: DataLike, options?: RequestOptions): Promise<Data | undefined>;
  /** Invokes several methods: an outcome for each, in order. */
  invoke(invocations: readonly MethodInvocation[], options?: RequestOptions): Promise<readonly ActionOutcome[]>;
  async invoke(
    given: MethodReference | readonly MethodInvocation[],
    second?: DataLike | RequestOptions,
    third: RequestOptions = {},
  ): Promise<Data | undefined | readonly ActionOutcome[]> {
    if ("length" in given) {
      const items = given.map((item) => ({ ...item, method: named(item.method) }));
      return this.#lists("action", items, (second ?? {}) as RequestOptions) as Promise<readonly ActionOutcome[]>;
    }
    const parameters = second as DataLike | undefined;
    const items = [parameters === undefined ? { method: named(given) } : { method: named(given), parameters }];
    const [outcome] = (await this.#request({ service: "action", items }, third, resultsOf)) as [ActionOutcome?];
    if (outcome === undefined) return undefined;
    const what = `method ${given.methodId} of ${given.instanceId}`;
    if (outcome.result !== "success") throw refused(outcome.result, `${what} was not invoked`);
    const { data } = outcome;
    if (data !== undefined && "error" in data)
      throw refused(data.error, `${what} was invoked, but its result was lost`);
    return data as Data | undefined;
  }

  /**
   * Reads, writes and invokes in one request, in the order of the items, with a result for each item. If an item fails, earlier items
   * are not undone. Items of a class (`accessGet`, `accessSet`, `accessAction`) have results with a typed `value`. With `confirmed:
   * false` there are no results. Faults as for `get`, but not for an item that was refused: its result contains the reason. A request
   * that only reads is repeated as a GET is; any other request is sent once.
   */
  async access<const I extends readonly AccessItem[]>(
    items: I,
    options: AccessRequestOptions = {},
  ): Promise<{ readonly [K in keyof I]: AccessResultOf<I[K]> }> {
    return (await this.accessAt(items, options)).results;
  }

  /**
   * The same, with the date-time of the response: the time of the meter's clock, if the request has a `dateTime` or if the meter always
   * sends its time.
   */
  async accessAt<const I extends readonly AccessItem[]>(
    items: I,
    options: AccessRequestOptions = {},
  ): Promise<{
    readonly results: { readonly [K in keyof I]: AccessResultOf<I[K]> };
    readonly dateTime?: CosemDateTime;
  }> {
    const { breakOnError, selfDescriptive, dateTime, ...how } = options;
    const said = { breakOnError, selfDescriptive, dateTime };
    const request = { service: "access", items: items.map(plainItem), ...said } as ServiceRequest;
    const response = await this.#request(request, how, (responded) => responded);
    const results = response.results as readonly AccessResult[];
    const typed = results.map((result, at) => typedResult(items[at] as AccessItem, result)) as never;
    return { results: typed, ...(response.dateTime && { dateTime: response.dateTime }) };
  }

  /**
   * An object of the meter with the names and types of its class: `session.object(Register, "1-0:1.8.0")` has `get("value")`,
   * `scaled()`, `set(…)` and `invoke(…)`. This call sends nothing. Fault `bad-logical-name`.
   */
  object<const S extends ClassSpec>(spec: S, instanceId: LogicalName): RemoteObject<S>;
  /**
   * An object that `discover` found. Its names and types are those of the class with this id and version if the library has this
   * class; otherwise they are `attribute2`, …, `method1`, … with values as Data trees.
   */
  object(found: DiscoveredObject): RemoteObject<ClassSpec>;
  object(given: ClassSpec | DiscoveredObject, instanceId?: LogicalName): RemoteObject<ClassSpec> {
    if (!("instanceId" in given)) return new RemoteObject(this, given, logicalName(instanceId as LogicalName));
    const spec =
      findClass(given.classId, given.version) ??
      unknownClass({
        ...given,
        attributes: given.attributes.map(({ attributeId }) => attributeId),
        methods: given.methods.map(({ methodId }) => methodId),
      });
    return new RemoteObject(this, spec, given.instanceId);
  }

  /** The rows of a profile, with the names, units and scalers of its columns. Faults as for `get`, `bad-profile`. */
  profile(instanceId: LogicalName, selection: ProfileSelection = {}): Promise<Profile> {
    return readProfile(this, logicalName(instanceId), selection);
  }

  /** The meter's object list, with classes and access rights. */
  discover(): Promise<Discovery> {
    if (this.#shortNames !== undefined) return discoverShortNames(this, this.#shortNames);
    return discover(this, this.#options.association);
  }

  /**
   * Uses new keys from now on. Call it after the meter received the keys (key_transfer, key_agreement): its answer was protected with
   * the old keys, and all later APDUs use the new keys. Faults `wrong-state`, `bad-key-length`.
   */
  changeKeys(change: KeyChange): void {
    this.#connection.changeKeys(change);
    this.#counters = change.counters;
  }

  /** Releases the association and closes link and transport. Resolves when both are closed, even if the meter does not answer. */
  release(): Promise<void> {
    return this.#connection.release();
  }

  /** Ends link and transport without releasing the association. Resolves when both are closed. */
  close(): Promise<void> {
    this.#connection.close();
    return this.#connection.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #lists(
    service: "get" | "set" | "action",
    items: readonly (AttributeReference | AttributeValue | MethodInvocation)[],
    options: RequestOptions,
  ): Promise<unknown[]> {
    const listed = this.association.conformance.includes("multiple-references");
    const size = listed ? (this.#options.listSize ?? 10) : 1;
    const results: unknown[] = [];
    for (let at = 0; at < items.length; at += size) {
      const how = at === 0 ? options : withoutTransaction(options);
      results.push(...(await this.#list({ service, items: items.slice(at, at + size) } as ServiceRequest, how)));
    }
    return results;
  }

  /** A list that is too long for the meter's PDU size is sent as two halves; nothing of it was sent before. */
  async #list(request: ServiceRequest, options: RequestOptions): Promise<unknown[]> {
    try {
      return [...(await this.#request(request, options, resultsOf))];
    } catch (caught) {
      if (!(caught instanceof Fault) || caught.code !== "pdu-too-long" || request.items.length < 2) throw caught;
    }
    const middle = request.items.length >> 1;
    const { service, items } = request;
    const half = (how: RequestOptions, from: number, to?: number) =>
      this.#list({ service, items: items.slice(from, to) } as ServiceRequest, how);
    return [...(await half(options, 0, middle)), ...(await half(withoutTransaction(options), middle))];
  }

  #request<T>(request: ServiceRequest, options: RequestOptions, toValue: ToValue<T>): Promise<T> {
    if (this.#shortNames === undefined) return this.#send(request, options, toValue, onlyReads(request));
    const { service } = request;
    return this.#shortNames
      .request(request, options)
      .then((results) => toValue({ service, results } as Responded, request));
  }

  #send<T>(request: ServiceRequest, options: RequestOptions, toValue: ToValue<T>, repeatable: boolean): Promise<T> {
    return new Asking(this.#asking, request, options, toValue, this.#counters, repeatable).send();
  }
}

const dataOf: ToValue<Data> = ({ results }, { items }) => {
  const result = results[0] as GetResult;
  if ("error" in result) throw refused(result.error, `${describe(items[0] as AttributeReference)} cannot be read`);
  return result.data as Data;
};

function onlyReads(request: ServiceRequest): boolean {
  return request.service === "access"
    ? request.items.every(({ service }) => service === "get")
    : request.service === "get";
}

function named<R extends { readonly instanceId: LogicalName }>(reference: R): R {
  return { ...reference, instanceId: logicalName(reference.instanceId) };
}

function describe({ classId, instanceId, attributeId }: AttributeReference): string {
  return `attribute ${attributeId} of ${instanceId} (class ${classId})`;
}

const hints: { readonly [code: string]: string } = {
  "read-write-denied": "this client has no access right to it",
  "scope-of-access-violated": "it needs an association with more protection",
  "object-undefined": "discover() lists the objects",
  "object-class-inconsistent": "discover() lists the objects with their classes",
};

function refused(code: FaultCode<"client">, message: string): Fault {
  const hint = hints[code];
  return new Fault(code, `${message}: ${code}`, { layer: "client", ...(hint === undefined ? {} : { hint }) });
}
