import type { Data, DataLike } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  type AttributeDescriptor,
  type ClassSpec,
  type CosemObject,
  type DeviceView,
  isLater,
  type MaybePromise,
  type Values,
} from "@dlmskit/cosem-objects";
import { asWork, currentWork } from "../runtime/current-work.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import type { AssociationState } from "../security/association-state.ts";
import { checkSecrets } from "../security/check-secrets.ts";
import type { Secrets } from "../security/security-spec.ts";
import type { Association } from "./association-spec.ts";
import type { Device } from "./device.ts";
import { type Environment, standingAlone } from "./environment.ts";
import { LiveMeter, type LivePort } from "./live-meter.ts";
import { checkIdentity, type KnownMeter, type MeterIdentity, systemTitleOf } from "./meter-identity.ts";
import type { MeterTemplate } from "./meter-template.ts";
import { Notifier } from "./notifier.ts";
import { checkInstant, planPower, switchPower } from "./power.ts";
import { Tenancy } from "./tenancy.ts";
import type { Task } from "./timeline-port.ts";
import { OwnValues, SharedValues } from "./values.ts";

const program = { self: "program" } as const;

/**
 * A meter: a template and an identity. It uses almost no memory until it is used. The data that is loaded for its users is released
 * when the last user leaves, if a store keeps that data.
 */
export class Meter implements KnownMeter {
  readonly template: MeterTemplate;
  // Not enumerable, because it may hold secrets: they are not shown when a meter is printed.
  #identity: MeterIdentity;
  #environment: Environment | undefined;
  #live: LiveMeter | undefined;
  #own: OwnValues | undefined;
  #working: Work | undefined;
  #tasks: Task[] | undefined;
  #systemTitle: Uint8Array | undefined;
  #ownTenancy: Tenancy | undefined;
  #powered = true;

  /** Faults `bad-value`, `missing-secret`, `bad-key-length`. */
  constructor(template: MeterTemplate, identity: MeterIdentity) {
    checkIdentity(identity);
    this.template = template;
    this.#identity = identity;
    if (typeof identity.secrets === "function") return;
    for (const association of template.associations) checkSecrets(association, this.#secretsOf(association));
  }

  #secretsOf(association: Association): Secrets {
    const { secrets } = this.identity;
    const own = typeof secrets === "function" ? secrets(association) : secrets?.[association.name];
    return { ...association.security.secrets, ...own };
  }

  get identity(): MeterIdentity {
    return this.#identity;
  }

  get systemTitle(): Uint8Array {
    this.#systemTitle ??= this.identity.systemTitle ?? systemTitleOf(this.identity.name);
    return this.#systemTitle;
  }

  get name(): string {
    return this.identity.name;
  }

  get id(): string {
    return this.identity.id ?? this.identity.name;
  }

  /** The time of the meter's clock, ms since 1970 UTC. */
  get now(): number {
    return this.#live?.now ?? this.#here().time.now;
  }

  #here(): Environment {
    this.#environment ??= standingAlone();
    return this.#environment;
  }

  /** The data of the meter in memory; created at the first access. */
  get live(): LiveMeter {
    this.#live ??= this.#makeLive();
    return this.#live;
  }

  #makeLive(): LiveMeter {
    return new LiveMeter(new Meter.#LiveSide(this), this.#own ?? new SharedValues());
  }

  /** The interface that a live meter gets: one object, because four functions would take a quarter of a KiB for each meter. */
  static readonly #LiveSide = class LiveSide implements LivePort {
    readonly known: Meter;

    constructor(meter: Meter) {
      this.known = meter;
    }

    environment(): Environment {
      return this.known.#here();
    }

    within<T>(work: Work, run: () => T): T {
      return this.known.#within(work, run);
    }

    secretsOf(association: Association): Secrets {
      const meter = this.known;
      const secrets = meter.#secretsOf(association);
      if (typeof meter.identity.secrets === "function") checkSecrets(association, secrets);
      return secrets;
    }

    lost(): void {
      this.known.#here().lost(this.known);
    }
  };

  /** Makes the meter the owner of its objects: clients read the values that the program assigns to them. */
  owning(): this {
    const objects = [...this.template.devices.values()].flatMap((device) => device.objects);
    this.#own = new OwnValues(objects, {
      draft: (object) => this.#working?.draft(object),
      assigned: (object, name, before) => this.#assigned(object, name, before),
    });
    return this;
  }

  #within<T>(work: Work, run: () => T): T {
    const before = this.#working;
    this.#working = work;
    try {
      return asWork(work, run);
    } finally {
      this.#working = before;
    }
  }

  /** Fault `waits-for-itself`: code in a work that is in progress would wait for the end of that work. */
  #notWithin(): void {
    const work = currentWork();
    if (work === undefined || work.over || this.#live === undefined || !work.isOf(this.#live)) return;
    throw new Fault("waits-for-itself", "a hook or task of this meter waits for a change of the same meter", {
      layer: "server",
      hint: "inside a hook use `context.device.set` and `context.device.invoke`; in a task, change the meter before the first `await`",
    });
  }

  /** The program assigned a value outside a work. Clients read it at once, and it is kept as soon as possible. */
  #assigned(object: AnyObject, name: string, before: unknown): void {
    const kept = this.#live?.run.assigned(object, name, before);
    if (!isLater(kept)) return;
    const failed = (error: unknown): void => this.#here().storeFailed(this, "an assigned value", error);
    (kept as PromiseLike<void>).then(undefined, failed);
  }

  /** Called by a server that takes the meter. Data that a previous server loaded is released. */
  runOn(environment: Environment): void {
    if (this.#environment === environment) return;
    this.#live?.run.end();
    if (this.#environment?.store !== undefined || environment.store !== undefined) this.#forget();
    this.#environment = environment;
  }

  #forget(): void {
    this.#powered = this.powered;
    this.#live?.drop();
    const { taken } = this.#here();
    if (taken.get(this.id) === this) taken.delete(this.id);
    this.#live = undefined;
  }

  /** Runs a task every `every` ms while the meter is served. `now`: ms since 1970 UTC on its clock; `elapsed`: ms since the last run. */
  every(every: number, run: Task["run"]): void {
    if (!(every >= 1)) throw new Fault("bad-value", `a task cannot run every ${every} ms`, { layer: "server" });
    const task = { every, run };
    this.#tasks = [...this.tasks, task];
    const live = this.#live;
    if (live?.run.addTask(task) === true) return;
    if (this.#ownTenancy?.resident === true && (live?.store === undefined || live.usable)) live?.run.begin();
  }

  get tasks(): readonly Task[] {
    return this.#tasks ?? [];
  }

  /** The values of an object in this meter, read-only. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>> {
    return ((this.#live ?? this.#own)?.values(object) ?? object.values) as Readonly<Values<S>>;
  }

  /** Whether the values of the meter are those of the store; true without a store. */
  get hasLoaded(): boolean {
    return this.#here().store === undefined || this.#live?.usable === true;
  }

  /** Number of objects that have their own values in this meter. */
  get diverged(): number {
    return this.#live?.diverged ?? 0;
  }

  /** The secrets and counters of an association in this meter; created at the first access. */
  state(association: Association): AssociationState {
    return this.live.state(association);
  }

  /** Number of open associations. */
  get openAssociations(): number {
    return this.#live?.associations.count ?? 0;
  }

  /** Whether one more association may be opened: fewer than `most` share its limit, or one of them is idle and can be ended. */
  hasRoom(association: Association, most: number): boolean {
    return this.#live?.associations.hasRoom(association, most) ?? true;
  }

  deviceName(device: Device): string {
    if (device.sap === 1) return this.name;
    return device.name ?? `${this.name.slice(0, 13)}${String(device.sap).padStart(3, "0")}`.slice(0, 16);
  }

  /** Reads an attribute as the meter itself, without a check of access rights. */
  get(attribute: AttributeDescriptor, sap = 1): MaybePromise<DataLike> {
    const device = this.#device(sap);
    const working = this.#working;
    if (working !== undefined) return this.live.view(device, { by: program, work: working }).get(attribute);
    return this.#using((live) => live.view(device, { by: program }).get(attribute));
  }

  /** Writes an attribute as the meter itself, through the hook of the attribute. */
  set(attribute: AttributeDescriptor, value: DataLike, sap = 1): MaybePromise<void> {
    return this.change((device) => device.set(attribute, value), sap);
  }

  /** Invokes a method as the meter itself. */
  invoke(object: AnyObject, methodId: number, argument?: Data, sap = 1): MaybePromise<DataLike | undefined> {
    return this.change((device) => device.invoke(object, methodId, argument), sap);
  }

  /**
   * Changes any objects of the meter in one unit of work: all changes are kept and seen by clients, or none. Inside a hook of the
   * same meter, use the arguments of the hook instead: after an `await` in the hook, the meter would wait for the hook (Fault
   * `waits-for-itself`). Fault `hook-timeout`: `run` took too long, and nothing was changed.
   */
  change<T>(run: (device: DeviceView) => MaybePromise<T>, sap = 1): MaybePromise<T> {
    const device = this.#device(sap);
    const working = this.#working;
    if (working !== undefined) return run(this.live.view(device, { by: program, work: working }));
    this.#notWithin();
    return this.#using((live) => live.change(program, (work) => run(live.view(device, { by: program, work }))));
  }

  /** Sends notifications of the meter: `notify.eventNotification`, `notify.informationReport`. */
  get notify(): Notifier {
    return new Notifier(this);
  }

  /** Sets the meter's clock. */
  setClock(instant: number): MaybePromise<void> {
    const working = this.#working;
    if (working !== undefined) return working.setClock(instant - (working.at ?? this.now));
    this.#notWithin();
    return this.#using((live) => live.change(program, (work) => work.setClock(instant - live.now)));
  }

  /**
   * Cuts the power of the meter now, or at a time of its clock (ms since 1970 UTC): a future time, or a past one since which nothing was
   * due. Until `powerUp` the meter does not answer, its links are dropped, and no due action runs; a store keeps this state when the
   * process stops. The clock keeps running. Faults `bad-value` (the meter has done something since that time), `not-kept`.
   */
  powerDown(at?: number): Promise<void> {
    return this.#switchPower(false, at);
  }

  /**
   * Restores the power now, or at a time of the meter's clock. Volatile attributes get their defaults, each class runs its power-up
   * action (`Timeline.poweredUp`), and missed actions that must still be done run in the order in which they were due
   * (`Timeline.restored`). Faults `bad-value` (the power was cut later than that time), `not-kept`.
   */
  powerUp(at?: number): Promise<void> {
    return this.#switchPower(true, at);
  }

  /** Whether the meter has power, as far as this process knows: with a store, the state at the last load of the meter. */
  get powered(): boolean {
    return this.#live?.powered ?? this.#powered;
  }

  async #switchPower(on: boolean, at?: number): Promise<void> {
    if (at !== undefined) checkInstant(at);
    const working = this.#working;
    if (working !== undefined) {
      planPower(working, this.template, { on, at: at ?? Math.floor(working.at ?? this.now) });
      return;
    }
    this.#notWithin();
    await this.#using((live) => switchPower(live, { on, at: at ?? Math.floor(live.now) }));
    // A power change that is planned for a meter without other timed actions.
    const live = this.#live;
    if (this.#ownTenancy?.resident === true && (live?.store === undefined || live.usable)) live?.run.begin();
  }

  /** Runs code of the program on the meter. With a store, the meter is loaded first if necessary. */
  #using<T>(run: (live: LiveMeter) => MaybePromise<T>): MaybePromise<T> {
    if (this.#here().store === undefined) return run(this.live);
    const leave = this.use();
    let result: MaybePromise<T>;
    try {
      const entering = this.enter(undefined);
      result = entering === undefined ? run(this.live) : entering.then(() => run(this.live) as PromiseLike<T>);
    } catch (error) {
      leave();
      throw error;
    }
    if (!isLater(result)) {
      leave();
      return result;
    }
    const failed = (error: unknown): never => {
      leave();
      throw error;
    };
    return result.then((value) => {
      leave();
      return value;
    }, failed);
  }

  #device(sap: number): Device {
    const device = this.template.devices.get(sap);
    if (device === undefined) throw new Fault("no-device", `there is no logical device ${sap}`, { layer: "server" });
    return device;
  }

  /** Adds a user of the meter. Returns the function to call when the use has ended. */
  use(): () => void {
    return this.#tenancy.use();
  }

  /**
   * Loads the data of the meter that an association needs, once. Returns undefined if there is no need to wait. Faults: `meter-held`
   * (another process has it) and those of the store.
   */
  enter(association: Association | undefined): Promise<void> | undefined {
    return this.#tenancy.enter(association);
  }

  /** Starts the timed actions of the meter; they run until `dismiss`. Returns undefined if there is no need to wait. */
  reside(): Promise<void> | undefined {
    return this.#tenancy.reside();
  }

  dismiss(): void {
    this.#ownTenancy?.dismiss();
  }

  /**
   * Runs the due actions of an idle meter and releases it again: for meters of a fleet without a connected client. Faults as in
   * `enter`, and `not-kept`: the actions that were not kept are due again at the next visit.
   */
  visit(): Promise<void> {
    return this.#tenancy.visit();
  }

  /** Resolves when all work in progress of the meter is kept, and the meter is released if it has no user. */
  async settled(): Promise<void> {
    await this.#tenancy.settled();
  }

  /** Created when the meter is first used. */
  get #tenancy(): Tenancy {
    this.#ownTenancy ??= new Tenancy({
      meter: this,
      environment: () => this.#here(),
      current: () => this.#live,
      forget: () => this.#forget(),
      become: (identity) => this.#become(identity),
    });
    return this.#ownTenancy;
  }

  #become(identity: MeterIdentity): void {
    checkIdentity(identity);
    this.#identity = identity;
    this.#systemTitle = undefined;
  }
}
