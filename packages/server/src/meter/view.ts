import type { Data, DataLike } from "@dlmskit/apdu";
import { Fault, type LogicalName } from "@dlmskit/core";
import {
  type Actor,
  type AnyObject,
  type AssociationInformation,
  type AttributeDescriptor,
  after,
  attributeOffset,
  type CapturedRowsView,
  type Context,
  type DeviceView,
  isAvailable,
  type LocalTime,
  type MaybePromise,
  type Notification,
  readAttribute,
  refuse,
} from "@dlmskit/cosem-objects";
import type { Call, Outcome } from "../access/call.ts";
import type { Committed, Work } from "../runtime/unit-of-work.ts";
import { type SecurityPort, securityPort } from "../security/security-port.ts";
import { withNewRows } from "./captured-rows.ts";
import type { Device } from "./device.ts";
import type { KeptRows } from "./kept-rows.ts";
import type { KnownMeter } from "./meter-identity.ts";
import { planPower } from "./power.ts";
import { sapOf } from "./sap-of.ts";

/** The interface of a meter that the views of its logical devices use. */
export interface ViewPort extends Committed {
  /** The difference between the clock of the meter and the simulated time, ms: positive if the clock is ahead. */
  readonly offset: number;
  readonly known: KnownMeter;
  readonly provider: SecurityPort["provider"];
  readonly random: SecurityPort["random"];
  readonly systemTitle: Uint8Array;
  readonly associations: Pick<SecurityPort, "clientSystemTitle" | "statusOf">;
  state: SecurityPort["state"];
  deviceName(device: Device): string;
  rows(device: Device, profile: AnyObject): KeptRows;
  /** Reports a failure that cannot be reported in the answer to a request. */
  failed(what: string, error: unknown): void;
  /** Passes a call through the interceptors and access rights to the object. */
  reach(call: Call): MaybePromise<Outcome>;
}

/** The request that a view belongs to. */
export interface Request {
  readonly by: Actor;
  readonly client?: number;
  readonly asker?: { readonly information: AssociationInformation };
  /** Undefined if the request changes nothing. */
  readonly work?: Work | undefined;
  /** Number of nested calls of the meter itself. */
  readonly depth?: number;
}

// A script may invoke another script; this limit stops a script that invokes itself.
const deepest = 16;

// Delay before a restart, ms, so that the answer to the request is sent first.
const answerTime = 500;

const unprotected = { authenticated: false, encrypted: false, signed: false };

/** A logical device of one meter, as seen by the hooks of one request or one action. */
export class View implements DeviceView {
  readonly #port: ViewPort;
  readonly #device: Device;
  readonly #request: Request;
  #now: number | undefined;

  constructor(port: ViewPort, device: Device, request: Request) {
    this.#port = port;
    this.#device = device;
    this.#request = request;
  }

  get sap(): number {
    return this.#sapOf(this.#device);
  }

  #sapOf(device: Device): number {
    return sapOf(this.#port.known.template, (object) => this.values(object), device);
  }

  get name(): string {
    return this.#port.deviceName(this.#device);
  }

  get objects(): readonly AnyObject[] {
    return this.#device.objects;
  }

  get devices(): DeviceView["devices"] {
    return [...this.#port.known.template.devices.values()].map((one) => ({
      ...{ sap: this.#sapOf(one), name: this.#port.deviceName(one), templateSap: one.sap },
    }));
  }

  /** The same time for the whole request; in a timed action, its due time. */
  get now(): number {
    return this.#begun + (this.#request.work?.clock ?? 0);
  }

  /** The same in simulated time, which does not change when the clock is set. */
  get elapsed(): number {
    return this.#begun - this.#port.offset;
  }

  /** The same time as `now`, but without the change if the request set the clock. */
  get #begun(): number {
    const at = this.#request.work?.at;
    if (at !== undefined) return at;
    this.#now ??= this.#port.known.now;
    return this.#now;
  }

  get [securityPort](): SecurityPort {
    const work = (): Work => this.#work();
    const port = this.#port;
    const { provider, random, systemTitle, associations } = port;
    return {
      ...{ provider, random, systemTitle },
      associations: this.#device.associations,
      state: (association) => port.state(association),
      clientSystemTitle: (association) => associations.clientSystemTitle(association),
      statusOf: (association) => associations.statusOf(association),
      get work() {
        return work();
      },
    };
  }

  context(object: AnyObject): Context {
    return new HookContext(this, object, this.#request);
  }

  /** Local time, by the Clock values as the work in progress sees them. */
  get local(): LocalTime {
    return this.#port.known.template.local(this.#device, (of) => this.values(of));
  }

  /** The value `own` that the user gave to the meter. */
  get own(): unknown {
    return this.#port.known.identity.own;
  }

  /** The clock is kept as an offset to the time of day, because the time of day continues to run. */
  setClock(instant: number): void {
    const work = this.#work();
    work.setClock(instant - this.#begun);
  }

  find(classId: number, instanceId: LogicalName): AnyObject | undefined {
    const found = this.#device.byName.get(instanceId);
    return found?.spec.classId === classId ? found : undefined;
  }

  shortName({ classId, instanceId, attributeId }: AttributeDescriptor): number | undefined {
    const object = this.find(classId, instanceId);
    const baseName = object && this.#device.shortNames?.of(object);
    const offset = attributeOffset(attributeId);
    return baseName === undefined || offset === undefined ? undefined : baseName + offset;
  }

  #found({ classId, instanceId }: Omit<AttributeDescriptor, "attributeId">): AnyObject {
    const object = this.find(classId, instanceId);
    if (object === undefined)
      throw refuse("object-undefined", `the meter has no object ${instanceId} of class ${classId}`);
    return object;
  }

  // biome-ignore lint/suspicious/noExplicitAny: values of any class; DeviceView gives each its type
  values(object: AnyObject): any {
    return this.#request.work?.values(object) ?? this.#port.values(object);
  }

  // biome-ignore lint/suspicious/noExplicitAny: an attribute's value or its Data; DeviceView tells which
  get(from: AnyObject | AttributeDescriptor, attribute?: any): any {
    if ("spec" in from) return this.values(from)[attribute];
    const descriptor = from as AttributeDescriptor;
    const object = this.#found(descriptor);
    if (this.#device.hasFunctions && !isAvailable(object, this)) throw refuse("object-unavailable");
    return readAttribute(object, this.values(object), descriptor.attributeId, this.context(object), attribute);
  }

  // biome-ignore lint/suspicious/noExplicitAny: values of any class; DeviceView gives each its type
  draft(object: AnyObject): any {
    return this.#work().draft(object);
  }

  // biome-ignore lint/suspicious/noExplicitAny: both forms of DeviceView.set
  set(to: AnyObject | AttributeDescriptor, second: any, value?: unknown): any {
    if ("spec" in to) {
      this.draft(to)[second as string] = value;
      return undefined;
    }
    const { classId, instanceId, attributeId } = to as AttributeDescriptor;
    const call = this.#call(this.#found(to as AttributeDescriptor), attributeId);
    return after(this.#port.reach({ ...call, classId, instanceId, do: "write", value: second as DataLike }), refused);
  }

  invoke(object: AnyObject, methodId: number, argument?: Data): MaybePromise<DataLike | undefined> {
    const call: Call = {
      ...this.#call(object, methodId),
      do: "invoke",
      ...(argument === undefined ? {} : { argument }),
    };
    return after(this.#port.reach(call), (outcome) => {
      refused(outcome);
      return outcome.error === undefined ? outcome.data : undefined;
    });
  }

  /** A call by the meter itself, within the work in progress. */
  #call(object: AnyObject, index: number) {
    const work = this.#work();
    const { by, depth = 0 } = this.#request;
    if (depth >= deepest) throw refuse("other-reason", `calls are nested more than ${deepest} deep`);
    const self: Actor = "self" in by ? by : { self: "script" };
    return {
      meter: this.#port.known,
      device: this.#device,
      view: new View(this.#port, this.#device, { by: self, work, depth: depth + 1 }),
      association: undefined,
      rights: undefined,
      by: self,
      protection: unprotected,
      classId: object.spec.classId,
      instanceId: object.instance,
      index,
      object,
    };
  }

  rows(profile: AnyObject): CapturedRowsView {
    const added = this.#request.work?.newRows(profile);
    const committed = this.#port.rows(this.#device, profile);
    const kept = added === undefined ? committed : withNewRows(committed, added);
    return {
      count: () => kept.count(),
      range: (from, to) => kept.range(from, to),
      entries: (first, last) => kept.entries(first, last),
      append: (at, row, keep) => this.#work().append(profile, at, row, keep),
      clear: () => this.#work().clear(profile),
    };
  }

  log(
    instanceId: LogicalName,
    code: number,
    more: { readonly encoded?: Uint8Array; readonly keep?: number; readonly at?: number } = {},
  ): void {
    const { encoded = new Uint8Array(0), keep } = more;
    const at = Math.floor(more.at ?? this.now);
    this.#work().log({ instanceId, code, at, encoded, ...(keep === undefined ? {} : { keep }) });
  }

  logged(instanceId: LogicalName): number {
    return this.#work().logged(instanceId);
  }

  notify(notification: Notification): void {
    this.#work().notify(notification);
  }

  restart(until: number): void {
    const { template } = this.#port.known;
    const work = this.#work();
    const off = Math.ceil(Math.min(this.now + answerTime, (this.now + until) / 2));
    planPower(work, template, { on: false, at: off, lasts: true });
    planPower(work, template, { on: true, at: Math.max(off + 1, Math.ceil(until)), lasts: true });
  }

  failed(what: string, error: unknown): void {
    this.#port.failed(what, error);
  }

  whenKept(then: () => void): void {
    this.#work().secure(undefined, then);
  }

  #work(): Work {
    const { work } = this.#request;
    if (work !== undefined) return work;
    throw new Fault("read-only", "values cannot be changed while an attribute is read", {
      layer: "server",
      hint: "change values in a write hook, a method, a timeline or `meter.change`",
    });
  }
}

function refused(outcome: Outcome): void {
  if (outcome.error !== undefined && outcome.error !== "success") throw refuse(outcome.error);
}

/** The context that a hook gets. */
class HookContext implements Context {
  readonly device: View;
  readonly object: AnyObject;
  readonly now: number;
  readonly elapsed: number;
  readonly #request: Request;

  constructor(device: View, object: AnyObject, request: Request) {
    this.device = device;
    this.object = object;
    this.now = device.now;
    this.elapsed = device.elapsed;
    this.#request = request;
  }

  get by(): Actor {
    return this.#request.by;
  }

  get client(): number | undefined {
    return this.#request.client;
  }

  get association(): AssociationInformation | undefined {
    return this.#request.asker?.information;
  }

  get own(): unknown {
    return this.device.own;
  }

  get local(): LocalTime {
    return this.device.local;
  }

  get deviation(): number {
    return this.local.deviationAt(this.now);
  }

  setClock(instant: number): void {
    this.device.setClock(instant);
  }
}
