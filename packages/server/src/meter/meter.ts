import type { Data, DataLike } from "@dlmskit/apdu";
import { Fault, fromAscii } from "@dlmskit/core";
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
import type { HeldMeter, TakenMeter } from "@dlmskit/storage";
import type { Work } from "../runtime/unit-of-work.ts";
import { AssociationState, checkSecrets } from "../security/association-state.ts";
import type { Secrets } from "../security/security-spec.ts";
import type { MeterStore } from "../store-port.ts";
import type { Association, AssociationSpec } from "./association-spec.ts";
import { type Environment, standingAlone } from "./environment.ts";
import { LiveMeter, type LivePort } from "./live-meter.ts";
import type { KnownMeter, MeterIdentity } from "./meter-identity.ts";
import { compile, type Device, type MeterTemplate, type TemplateOptions } from "./meter-template.ts";
import type { Task } from "./meter-timeline.ts";
import { OwnValues, SharedValues } from "./values.ts";

const program = { self: "program" } as const;
const noScope = { clients: [], setups: [] };
// How often a meter that another process has is asked for again, ms.
const askAgain = 100;

/**
 * A meter: the template and who it is. It costs next to nothing until it is used; what is loaded for its users is let go when
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
  #uses = 0;
  #resident = false;
  #loading: Promise<void> | undefined;
  #loaded: Set<Association> | undefined;
  #leaving: Promise<void> | undefined;

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
    const meter = this;
    const port: LivePort = {
      known: this,
      get environment() {
        return meter.#here();
      },
      get systemTitle() {
        return meter.systemTitle;
      },
      get tasks() {
        return meter.tasks;
      },
      within: (work, run) => this.#within(work, run),
      secretsOf: (association) => {
        const secrets = this.#secretsOf(association);
        if (typeof this.identity.secrets === "function") checkSecrets(association, secrets);
        return secrets;
      },
      deviceName: (device) => this.deviceName(device),
    };
    return new LiveMeter(port, this.#own ?? new SharedValues());
  }

  /** The meter's objects are its own: what is assigned to their values is read by clients. */
  owning(): this {
    const objects = [...this.template.devices.values()].flatMap((device) => device.objects);
    this.#own = new OwnValues(objects, {
      draft: (object) => this.#working?.draft(object),
      assigned: (object, name) => this.#assigned(object, name),
    });
    return this;
  }

  #within<T>(work: Work, run: () => T): T {
    if (this.#own === undefined) return run();
    const before = this.#working;
    this.#working = work;
    try {
      return run();
    } finally {
      this.#working = before;
    }
  }

  /** Assigned by the program, in no work: it is read at once, and kept as soon as may be. */
  #assigned(object: AnyObject, name: string): void {
    const live = this.#live;
    if (live?.store === undefined || live.lease === undefined) return;
    const kept = live.change(program, (work) => work.force(object, name));
    if (!isLater(kept)) return;
    const failed = (error: unknown): void => this.#here().storeFailed(this, "an assigned value", error);
    (kept as PromiseLike<void>).then(undefined, failed);
  }

  /** Called by a server that takes the meter. What a server before it had loaded is let go. */
  runOn(environment: Environment): void {
    if (this.#environment === environment) return;
    this.#live?.end();
    if (this.#environment?.store !== undefined || environment.store !== undefined) this.#forget();
    this.#environment = environment;
  }

  #forget(): void {
    this.#live = undefined;
    this.#loaded = undefined;
  }

  /** Runs something every so many ms while the meter is served: `now` ms since 1970 UTC on its clock, `elapsed` ms since the last time. */
  every(every: number, run: Task["run"]): void {
    if (!(every >= 1)) throw new Fault("bad-value", `a task cannot run every ${every} ms`, { layer: "server" });
    const task = { every, run };
    this.#tasks = [...this.tasks, task];
    if (this.#resident) this.#live?.addTask(task);
  }

  get tasks(): readonly Task[] {
    return this.#tasks ?? [];
  }

  /** This meter's values of an object, to read. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>> {
    return ((this.#live ?? this.#own)?.values(object) ?? object.values) as Readonly<Values<S>>;
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
    return this.#live?.openAssociations ?? 0;
  }

  deviceName(device: Device): string {
    if (device.sap === 1) return this.name;
    return device.name ?? `${this.name.slice(0, 13)}${String(device.sap).padStart(3, "0")}`.slice(0, 16);
  }

  /** Reads an attribute as the meter itself: no access rights. */
  get(attribute: AttributeDescriptor, sap = 1): MaybePromise<DataLike> {
    return this.live.view(this.#device(sap), { by: program }).get(attribute);
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
   * Changes whatever objects of the meter in one unit of work: all of it is kept and seen by clients, or none. Inside a hook or
   * a task of the same meter, use what the hook is given.
   */
  change<T>(run: (device: DeviceView) => MaybePromise<T>, sap = 1): MaybePromise<T> {
    const device = this.#device(sap);
    const working = this.#working;
    if (working !== undefined) return run(this.live.view(device, { by: program, work: working }));
    return this.live.change(program, (work) => run(this.live.view(device, { by: program, work })));
  }

  /** Sets the meter's clock. */
  setClock(instant: number): MaybePromise<void> {
    return this.live.change(program, (work) => work.setClock(instant - this.now));
  }

  #device(sap: number): Device {
    const device = this.template.devices.get(sap);
    if (device === undefined) throw new Fault("no-device", `there is no logical device ${sap}`, { layer: "server" });
    return device;
  }

  /** Somebody uses the meter from now on; gives what to call when that is over. */
  use(): () => void {
    this.#uses++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#uses--;
      if (this.#uses === 0) this.#leave();
    };
  }

  /**
   * Loads what an association needs of the meter, once; undefined when nothing has to be waited for. Faults: `meter-held`
   * (another process has it) and those of the store.
   */
  enter(association: Association | undefined): Promise<void> | undefined {
    const { store } = this.#here();
    if (store === undefined) return undefined;
    const { lost } = this.live;
    if (this.#leaving === undefined && !lost && this.#live?.lease !== undefined) {
      if (association === undefined || this.#loaded?.has(association) === true) return this.#loading;
    }
    const before = this.#loading ?? this.#leaving ?? Promise.resolve();
    const loading = before
      .then(() => this.#load(store, association))
      .finally(() => {
        if (this.#loading === loading) this.#loading = undefined;
      });
    this.#loading = loading;
    return loading;
  }

  async #load(store: MeterStore, association: Association | undefined): Promise<void> {
    const scope = association === undefined ? noScope : AssociationState.scopeOf(association);
    if (this.live.lost) this.#forget();
    const { live } = this;
    if (live.lease === undefined) {
      const taken = await this.#take(store, association);
      await this.#become(store, taken);
      live.take(taken, association);
      this.#loaded = new Set();
      live.begin();
      // Whoever reads the meter finds all that it did while nobody looked.
      await live.caughtUp();
    } else if (association !== undefined && this.#loaded?.has(association) !== true) {
      const secrets = await store.keeping.secrets(this.id, scope);
      live.counters.know(secrets.peers);
      live.state(association).load(secrets);
    }
    if (association === undefined) return;
    await live.state(association).open();
    this.#loaded?.add(association);
  }

  /** Takes what the store has of who the meter is. */
  async #become(store: MeterStore, taken: TakenMeter): Promise<void> {
    if (this.identity.taken === undefined) return;
    try {
      const identity = await this.identity.taken(taken);
      checkIdentity(identity);
      this.#identity = identity;
      this.#systemTitle = undefined;
    } catch (error) {
      await store.keeping.release([taken.lease]);
      throw error;
    }
  }

  /** Takes the meter; where another process has it, waits as long as the policy says. Fault `meter-held`. */
  async #take(store: MeterStore, association: Association | undefined): Promise<TakenMeter> {
    const { clock, held, time } = this.#here();
    const { identity } = this;
    const scope = association === undefined ? noScope : AssociationState.scopeOf(association);
    const row = {
      meterId: this.id,
      serial: identity.serial ?? this.name,
      logicalDeviceName: this.name,
      systemTitle: this.systemTitle,
      seed: identity.origin?.seed ?? "",
      template: identity.origin?.template ?? "custom",
      commissionedAt: Math.floor(identity.origin?.commissionedAt ?? time.now),
    };
    const began = clock.now();
    for (;;) {
      const taken: TakenMeter | HeldMeter = await store.keeping.take(this.id, scope, row);
      if (taken.taken) return taken;
      if (held.whenHeld === "refuse" || clock.now() - began >= held.heldFor) {
        const where = taken.address === undefined ? "" : ` (${taken.address})`;
        throw new Fault("meter-held", `another process${where} has the meter ${this.id}`, {
          layer: "server",
          hint: "connect to that process, or wait until it lets go of the meter",
        });
      }
      await new Promise<void>((resolve) => clock.at(clock.now() + askAgain, resolve));
    }
  }

  /** The meter does what it does by itself, from now on until `dismiss`. Undefined when nothing has to be waited for. */
  reside(): Promise<void> | undefined {
    this.#resident = true;
    this.#uses++;
    const entered = this.enter(undefined);
    if (entered === undefined) {
      this.live.begin();
      return undefined;
    }
    return entered.then(() => this.#live?.mark());
  }

  /**
   * Lets an idle meter do what is due by now, and lets it go again: for meters of a fleet that nobody is connected to. Faults as
   * of `enter`, and `not-kept`: what was not kept is due again when the meter is visited next.
   */
  async visit(): Promise<void> {
    const leave = this.use();
    try {
      await this.enter(undefined);
      const live = this.#live;
      await live?.caughtUp();
      await live?.idle;
      if (live?.unkept !== undefined) throw live.unkept;
    } finally {
      leave();
      await this.#leaving;
    }
  }

  dismiss(): void {
    if (!this.#resident) return;
    this.#resident = false;
    this.#live?.end();
    this.#uses--;
    if (this.#uses === 0) this.#leave();
  }

  /** Resolves when everything of the meter that was under way is kept, and the meter is let go where nobody uses it. */
  async settled(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    await this.#live?.idle;
    await this.#leaving;
  }

  /** Nobody uses the meter any more: what is in memory is let go, as far as a store keeps it. */
  #leave(): void {
    const live = this.#live;
    const { store } = this.#here();
    if (store === undefined || live === undefined) return;
    const leaving = (this.#leaving ?? Promise.resolve())
      .then(() => this.#loading?.catch(() => undefined))
      .then(async () => {
        if (this.#uses > 0 || this.#live !== live) return;
        live.end();
        try {
          await live.keepPeers();
          await live.idle;
        } catch (error) {
          this.#here().storeFailed(this, "peer counters", error);
        }
        if (this.#uses > 0) {
          live.begin();
          return;
        }
        this.#forget();
        const { lease } = live;
        if (lease !== undefined) await store.keeping.release([lease]);
      })
      .catch((error: unknown) => this.#here().storeFailed(this, "letting go", error))
      .finally(() => {
        if (this.#leaving === leaving) this.#leaving = undefined;
      });
    this.#leaving = leaving;
  }
}

/** Fault `bad-value`. */
function checkIdentity({ name, systemTitle }: MeterIdentity): void {
  if (!/^[\x20-\x7e]{1,16}$/.test(name)) {
    throw new Fault("bad-value", `"${name}" is no logical device name`, {
      layer: "server",
      hint: "1 to 16 ASCII characters, the first three the manufacturer's",
    });
  }
  if (systemTitle !== undefined && systemTitle.length !== 8) {
    throw new Fault("bad-value", `a system title has 8 octets, not ${systemTitle.length}`, { layer: "server" });
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
  return new Meter(compile(options), options).owning();
}
