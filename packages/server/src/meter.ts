import type { Data, DataLike } from "@dlmskit/apdu";
import { Fault, fromAscii } from "@dlmskit/core";
import {
  type AnyObject,
  type AssociationInformation,
  type AttributeDescriptor,
  type ClassSpec,
  type Context,
  type CosemObject,
  type DeviceView,
  invokeMethod,
  type MaybePromise,
  readAttribute,
  refuse,
  type Values,
} from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import type { Association, AssociationSpec } from "./association-spec.ts";
import { AssociationState, checkSecrets, type StateOwner } from "./association-state.ts";
import { CounterBook } from "./key-counters.ts";
import { type Keeping, loadMeter } from "./meter-keeping.ts";
import {
  type Device,
  type MeterTemplate,
  meterTemplate,
  setSecurityPort,
  type TemplateOptions,
} from "./meter-template.ts";
import { platformRandom } from "./platform-random.ts";
import type { Secrets } from "./security-spec.ts";
import type { MeterStore } from "./store-port.ts";

type AnyValues = Record<string, unknown>;

/** Who one meter is, and what is its own. */
export interface MeterIdentity {
  /** Logical device name of the management logical device: 1 to 16 characters, the first three the manufacturer's. */
  readonly name: string;
  /** What a store knows it by: the name unless told otherwise. */
  readonly id?: string;
  readonly serial?: string;
  /** 8 octets; made from the name unless told otherwise. */
  readonly systemTitle?: Uint8Array;
  /** By association name; they go before those of the template. */
  readonly secrets?: { readonly [association: string]: Secrets };
  /** Whatever the hooks need of this meter: they find it as `context.own`. */
  readonly own?: unknown;
  /** The first invocation counter where there is no store; from the machine's clock unless told otherwise. */
  readonly firstCounter?: number;
}

export interface Task {
  readonly every: number;
  readonly run: (now: number, elapsed: number) => void;
}

// Without a store nothing remembers the counters of the last run: 8 a second since 2024 keep a new run above it.
const counterOfClock = (): number => Math.max(0, Math.floor((Date.now() - Date.UTC(2024, 0, 1)) / 125)) % 0xf0000000;

/** A meter: the template, who it is, and the few values that are its own. Reading it changes nothing. */
export class Meter implements StateOwner {
  readonly template: MeterTemplate;
  readonly #identity: MeterIdentity;
  readonly #shared: boolean;
  // Made when first needed: most meters of a fleet are idle, and cost next to nothing.
  #values: Map<AnyObject, AnyValues> | undefined;
  #states: Map<Association, AssociationState> | undefined;
  #views: Map<number, DeviceView> | undefined;
  #open: Map<Association, (Uint8Array | undefined)[]> | undefined;
  #tasks: Task[] | undefined;
  #systemTitle: Uint8Array | undefined;
  #offset = 0;
  #instant: () => number = Date.now;
  #provider: CryptoProvider = noble;
  #random: Random = platformRandom;
  #counters: CounterBook | undefined;
  #keeping: Keeping | undefined;
  #loading: Promise<void> | undefined;
  /** Called when the clock was set or a task was added. */
  rescheduled: (() => void) | undefined;

  /** `shared`: other meters have the same template, so that values are written beside it and never in it. Faults `bad-value`, `missing-secret`, `bad-key-length`. */
  constructor(template: MeterTemplate, identity: MeterIdentity, shared = true) {
    if (!/^[\x20-\x7e]{1,16}$/.test(identity.name)) {
      throw new Fault("bad-value", `"${identity.name}" is no logical device name`, {
        layer: "server",
        hint: "1 to 16 ASCII characters, the first three the manufacturer's",
      });
    }
    this.template = template;
    this.#identity = identity;
    const { systemTitle } = identity;
    if (systemTitle !== undefined && systemTitle.length !== 8) {
      throw new Fault("bad-value", `a system title has 8 octets, not ${systemTitle.length}`, { layer: "server" });
    }
    this.#shared = shared;
    for (const association of template.associations) checkSecrets(association, this.#secretsOf(association));
  }

  #secretsOf({ name, security }: Association): Secrets {
    return { ...security.secrets, ...this.identity.secrets?.[name] };
  }

  get identity(): MeterIdentity {
    return this.#identity;
  }

  get systemTitle(): Uint8Array {
    this.#systemTitle ??= this.#identity.systemTitle ?? systemTitleOf(this.#identity.name);
    return this.#systemTitle;
  }

  get name(): string {
    return this.#identity.name;
  }

  get id(): string {
    return this.identity.id ?? this.identity.name;
  }

  /** The meter's own clock, ms since 1970 UTC. */
  get now(): number {
    return this.#instant() + this.#offset;
  }

  /** Sets the meter's clock. */
  setClock(instant: number): void {
    this.#offset = instant - this.#instant();
    this.rescheduled?.();
  }

  /** What it runs on: time of day (ms since 1970 UTC) and cryptography. A server tells it when it takes the meter. */
  runOn(environment: {
    readonly instant?: () => number;
    readonly provider?: CryptoProvider;
    readonly random?: Random;
  }): void {
    this.#instant = environment.instant ?? this.#instant;
    this.#provider = environment.provider ?? this.#provider;
    this.#random = environment.random ?? this.#random;
  }

  get provider(): CryptoProvider {
    return this.#provider;
  }

  get random(): Random {
    return this.#random;
  }

  /** The invocation counters of its keys. */
  get counters(): CounterBook {
    const first = this.identity.firstCounter;
    this.#counters ??= new CounterBook(this.id, first === undefined ? counterOfClock : () => first);
    return this.#counters;
  }

  *sharing(securitySetup: string): Iterable<AssociationState> {
    for (const state of this.#states?.values() ?? []) {
      if (state.association.securitySetup === securitySetup) yield state;
    }
  }

  /** Runs something every so many ms while the meter is served: `now` ms since 1970 UTC on its clock, `elapsed` ms since the last time. */
  every(every: number, run: (now: number, elapsed: number) => void): void {
    if (!(every >= 1)) throw new Fault("bad-value", `a task cannot run every ${every} ms`, { layer: "server" });
    this.#tasks = [...this.tasks, { every, run }];
    this.rescheduled?.();
  }

  get tasks(): readonly Task[] {
    return this.#tasks ?? [];
  }

  /** This meter's values of an object, to read. */
  values<S extends ClassSpec>(object: CosemObject<S>): Values<S> {
    return (this.#values?.get(object) ?? object.values) as Values<S>;
  }

  /** This meter's values of an object, to write: its own, over the template's. */
  ownValues<S extends ClassSpec>(object: CosemObject<S>): Values<S> {
    if (!this.#shared) return object.values;
    this.#values ??= new Map();
    let own = this.#values.get(object);
    if (own === undefined) {
      own = Object.create(object.values) as AnyValues;
      this.#values.set(object, own);
    }
    return own as Values<S>;
  }

  /** How many objects have values of their own in this meter. */
  get diverged(): number {
    return this.#values?.size ?? 0;
  }

  /** The secrets and counters of an association in this meter; made when first asked for. */
  state(association: Association): AssociationState {
    this.#states ??= new Map();
    let state = this.#states.get(association);
    if (state === undefined) {
      state = new AssociationState(association, this, this.#secretsOf(association));
      this.#states.set(association, state);
    }
    return state;
  }

  /** An association was opened, by a client of that system title; gives what to call when it is over. */
  opened(association: Association, systemTitle: Uint8Array | undefined): () => void {
    this.#open ??= new Map();
    const open = this.#open.get(association) ?? [];
    this.#open.set(association, open);
    open.push(systemTitle);
    let over = false;
    return () => {
      if (!over) open.splice(open.indexOf(systemTitle), 1);
      over = true;
    };
  }

  /** How many associations are open now. */
  get openAssociations(): number {
    let sum = 0;
    for (const open of this.#open?.values() ?? []) sum += open.length;
    return sum;
  }

  /** What hooks get to know. Without a client it is the meter itself that acts. */
  context(device: Device, client?: number, association?: AssociationInformation): Context {
    const meter = this;
    return {
      get now() {
        return meter.now;
      },
      deviation: this.template.deviation,
      client,
      association,
      device: this.view(device),
      own: this.identity.own,
      setClock: (instant) => this.setClock(instant),
    };
  }

  /** A logical device of this meter, as hooks see it. */
  view(device: Device): DeviceView {
    this.#views ??= new Map();
    let view = this.#views.get(device.sap);
    if (view === undefined) {
      view = this.#makeView(device);
      this.#views.set(device.sap, view);
      setSecurityPort(view, {
        provider: this.#provider,
        random: this.#random,
        systemTitle: this.systemTitle,
        state: (association) => this.state(association),
        clientSystemTitle: (association) => this.#open?.get(association)?.at(-1),
        isOpen: (association) => (this.#open?.get(association)?.length ?? 0) > 0,
      });
    }
    return view;
  }

  #makeView(device: Device): DeviceView {
    const find = (classId: number, instanceId: string): AnyObject | undefined => {
      const found = device.byName.get(instanceId);
      return found?.spec.classId === classId ? found : undefined;
    };
    return {
      sap: device.sap,
      name: this.deviceName(device),
      objects: device.objects,
      devices: [...this.template.devices.values()].map((one) => ({ sap: one.sap, name: this.deviceName(one) })),
      find,
      values: (object) => this.values(object),
      get: ({ classId, instanceId, attributeId }: AttributeDescriptor) => {
        const object = find(classId, instanceId);
        if (object === undefined) throw refuse("object-undefined", `there is no ${instanceId} of class ${classId}`);
        return readAttribute(object, this.values(object), attributeId, this.context(device));
      },
      invoke: (object, methodId, argument) =>
        this.kept(device, object, methodId, () =>
          invokeMethod(object, this.ownValues(object), methodId, argument, this.context(device)),
        ),
    };
  }

  deviceName(device: Device): string {
    if (device.sap === 1) return this.name;
    return device.name ?? `${this.name.slice(0, 13)}${String(device.sap).padStart(3, "0")}`.slice(0, 16);
  }

  /** Reads an attribute as the meter itself: no access rights. */
  get(attribute: AttributeDescriptor, sap = 1): MaybePromise<DataLike> {
    return this.view(this.#device(sap)).get(attribute);
  }

  /** Invokes a method as the meter itself. */
  invoke(object: AnyObject, methodId: number, argument?: Data, sap = 1): MaybePromise<DataLike | undefined> {
    return this.view(this.#device(sap)).invoke(object, methodId, argument);
  }

  #device(sap: number): Device {
    const device = this.template.devices.get(sap);
    if (device === undefined) throw new Fault("no-device", `there is no logical device ${sap}`, { layer: "server" });
    return device;
  }

  /** Loads what a store keeps of this meter, once. Undefined when nothing has to be waited for. */
  load(store: MeterStore | undefined): Promise<void> | undefined {
    if (store === undefined || this.#keeping?.store === store) return undefined;
    this.#loading ??= loadMeter(this, store, this.#instant)
      .then((keeping) => {
        this.#keeping = keeping;
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  /** Runs what may change an object; with a store, what changed is durable before the result is given. */
  kept<T>(
    device: Device,
    object: AnyObject,
    methodId: number | undefined,
    run: () => MaybePromise<T>,
  ): MaybePromise<T> {
    return this.#keeping === undefined ? run() : this.#keeping.around(device, object, methodId, run);
  }
}

/** Three octets of the manufacturer, five that depend on the whole name: for meters that are given none. */
function systemTitleOf(name: string): Uint8Array {
  let hash = 0xcbf29ce484222325n;
  for (const octet of fromAscii(name)) hash = ((hash ^ BigInt(octet)) * 0x100000001b3n) & 0xffffffffffffffffn;
  const title = new Uint8Array(8);
  title.set(fromAscii(name.slice(0, 3).padEnd(3, "-")));
  for (let at = 0; at < 5; at++) title[3 + at] = Number((hash >> BigInt(at * 8)) & 0xffn);
  return title;
}

export interface MeterOptions extends TemplateOptions, MeterIdentity {
  readonly associations: { readonly [name: string]: AssociationSpec };
}

/** One meter of its own kind. Its objects are the ones given: what is assigned to their values is read by clients. Faults as `meterTemplate`. */
export function meter(options: MeterOptions): Meter {
  return new Meter(meterTemplate(options), options, false);
}
