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
 * A meter: the template and who it is. It costs next to nothing until it is used; what is loaded for its users is released when
 * the last of them has gone, as far as a store keeps it.
 */
export class Meter implements KnownMeter {
  readonly template: MeterTemplate;
  // Not enumerable, as it may hold secrets: what prints a meter does not show them.
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

  /** The meter's own clock, ms since 1970 UTC. */
  get now(): number {
    return this.#live?.now ?? this.#here().time.now;
  }

  #here(): Environment {
    this.#environment ??= standingAlone();
    return this.#environment;
  }

  /** What is in memory of the meter; made when it is first asked for. */
  get live(): LiveMeter {
    this.#live ??= this.#makeLive();
    return this.#live;
  }

  #makeLive(): LiveMeter {
    return new LiveMeter(new Meter.#LiveSide(this), this.#own ?? new SharedValues());
  }

  /** What a live meter is given: one object, since four functions would take a quarter of a KiB of each. */
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

  /** The meter's objects are its own: what is assigned to their values is read by clients. */
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

  /** Fault `waits-for-itself`: code of a work that is in progress would wait for that work's end. */
  #notWithin(): void {
    const work = currentWork();
    if (work === undefined || work.over || this.#live === undefined || !work.isOf(this.#live)) return;
    throw new Fault("waits-for-itself", "a hook or task of this meter waits for a change of the same meter", {
      layer: "server",
      hint: "inside a hook use `context.device.set` and `context.device.invoke`; in a task, change the meter before the first `await`",
    });
  }

  /** Assigned by the program, in no work: it is read at once, and kept as soon as may be. */
  #assigned(object: AnyObject, name: string, before: unknown): void {
    const kept = this.#live?.run.assigned(object, name, before);
    if (!isLater(kept)) return;
    const failed = (error: unknown): void => this.#here().storeFailed(this, "an assigned value", error);
    (kept as PromiseLike<void>).then(undefined, failed);
  }

  /** Called by a server that takes the meter. What a server before it had loaded is released. */
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

  /** Runs something every so many ms while the meter is served: `now` ms since 1970 UTC on its clock, `elapsed` ms since the last time. */
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

  /** This meter's values of an object, to read. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>> {
    return ((this.#live ?? this.#own)?.values(object) ?? object.values) as Readonly<Values<S>>;
  }

  /** Whether its values are those that a store has; true without a store. */
  get hasLoaded(): boolean {
    return this.#here().store === undefined || this.#live?.usable === true;
  }

  /** How many objects have values of their own in this meter. */
  get diverged(): number {
    return this.#live?.diverged ?? 0;
  }

  /** The secrets and counters of an association in this meter; made when first asked for. */
  state(association: Association): AssociationState {
    return this.live.state(association);
  }

  /** How many associations are open now. */
  get openAssociations(): number {
    return this.#live?.associations.count ?? 0;
  }

  /** Whether one more association may be opened: there are less than `most` beside it, or one is idle and gives way. */
  hasRoom(association: Association, most: number): boolean {
    return this.#live?.associations.hasRoom(association, most) ?? true;
  }

  deviceName(device: Device): string {
    if (device.sap === 1) return this.name;
    return device.name ?? `${this.name.slice(0, 13)}${String(device.sap).padStart(3, "0")}`.slice(0, 16);
  }

  /** Reads an attribute as the meter itself: no access rights. */
  get(attribute: AttributeDescriptor, sap = 1): MaybePromise<DataLike> {
    const device = this.#device(sap);
    const working = this.#working;
    if (working !== undefined) return this.live.view(device, { by: program, work: working }).get(attribute);
    return this.#using((live) => live.view(device, { by: program }).get(attribute));
  }

  /** Writes an attribute as the meter itself, through its hook. */
  set(attribute: AttributeDescriptor, value: DataLike, sap = 1): MaybePromise<void> {
    return this.change((device) => device.set(attribute, value), sap);
  }

  /** Invokes a method as the meter itself. */
  invoke(object: AnyObject, methodId: number, argument?: Data, sap = 1): MaybePromise<DataLike | undefined> {
    return this.change((device) => device.invoke(object, methodId, argument), sap);
  }

  /**
   * Changes whatever objects of the meter in one unit of work: all of it is kept and seen by clients, or none. Inside a hook of the
   * same meter, use what the hook is given: after the hook has waited for something, the meter would wait for the hook (Fault
   * `waits-for-itself`). Fault `hook-timeout`: `run` took too long, and nothing is done.
   */
  change<T>(run: (device: DeviceView) => MaybePromise<T>, sap = 1): MaybePromise<T> {
    const device = this.#device(sap);
    const working = this.#working;
    if (working !== undefined) return run(this.live.view(device, { by: program, work: working }));
    this.#notWithin();
    return this.#using((live) => live.change(program, (work) => run(live.view(device, { by: program, work }))));
  }

  /** What the meter tells by itself: `notify.eventNotification`, `notify.informationReport`. */
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
   * Cuts the power of the meter: now, or at an instant of its clock (ms since 1970 UTC), one to come or one since which nothing was due. Until `powerUp` the
   * meter answers nobody, its links are dropped, and nothing that is due is done; a store keeps that over a stop of the process.
   * Its clock goes on. Faults `bad-value` (the meter has done something since), `not-kept`.
   */
  powerDown(at?: number): Promise<void> {
    return this.#switchPower(false, at);
  }

  /**
   * The power comes back: now, or at an instant of the meter's clock. Volatile attributes have their defaults then, each class does
   * what it does at power-up (`Timeline.poweredUp`), and what is to be done late is done, in the order in which it was due
   * (`Timeline.restored`). Faults `bad-value` (it was cut later), `not-kept`.
   */
  powerUp(at?: number): Promise<void> {
    return this.#switchPower(true, at);
  }

  /** Whether the meter has power, as far as is known: with a store, as it was when the meter was loaded last. */
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
    // What is planned for a meter that does nothing else in time.
    const live = this.#live;
    if (this.#ownTenancy?.resident === true && (live?.store === undefined || live.usable)) live?.run.begin();
  }

  /** The program uses the meter: with a store it is loaded for that, where it is not. */
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

  /** Somebody uses the meter from now on; gives what to call when that is over. */
  use(): () => void {
    return this.#tenancy.use();
  }

  /**
   * Loads what an association needs of the meter, once; undefined when nothing has to be waited for. Faults: `meter-held`
   * (another process has it) and those of the store.
   */
  enter(association: Association | undefined): Promise<void> | undefined {
    return this.#tenancy.enter(association);
  }

  /** The meter does what it does by itself, from now on until `dismiss`. Undefined when nothing has to be waited for. */
  reside(): Promise<void> | undefined {
    return this.#tenancy.reside();
  }

  dismiss(): void {
    this.#ownTenancy?.dismiss();
  }

  /**
   * Lets an idle meter do what is due by now, and lets it go again: for meters of a fleet that nobody is connected to. Faults as
   * of `enter`, and `not-kept`: what was not kept is due again when the meter is visited next.
   */
  visit(): Promise<void> {
    return this.#tenancy.visit();
  }

  /** Resolves when everything of the meter that was in progress is kept, and the meter is released where nobody uses it. */
  async settled(): Promise<void> {
    await this.#tenancy.settled();
  }

  /** Made when the meter is first used. */
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
