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
import type { HeldMeter, Lease, MeterScope, TakenMeter } from "@dlmskit/storage";
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
// How long after a failure of the store a meter is given back again, ms.
const giveBackAgain = 1000;

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
  #givingBack = false;
  #loaded: Set<Association> | undefined;
  /** Loading and letting go, one after another. */
  #turn: Promise<void> | undefined;
  #lettingGo = false;
  /** What is to be given back when the meter is let go. */
  #lease: Lease | undefined;
  /** A store that failed may have given the meter to this process all the same. */
  #mayHave = false;

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
    const port: LivePort = {
      known: this,
      environment: () => this.#here(),
      within: (work, run) => this.#within(work, run),
      secretsOf: (association) => {
        const secrets = this.#secretsOf(association);
        if (typeof this.identity.secrets === "function") checkSecrets(association, secrets);
        return secrets;
      },
      lost: () => this.#here().lost(this),
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
    this.#live?.drop();
    const { taken } = this.#here();
    if (taken.get(this.id) === this) taken.delete(this.id);
    this.#live = undefined;
    this.#loaded = undefined;
  }

  /** Runs something every so many ms while the meter is served: `now` ms since 1970 UTC on its clock, `elapsed` ms since the last time. */
  every(every: number, run: Task["run"]): void {
    if (!(every >= 1)) throw new Fault("bad-value", `a task cannot run every ${every} ms`, { layer: "server" });
    const task = { every, run };
    this.#tasks = [...this.tasks, task];
    const live = this.#live;
    if (live?.hasTimeline === true) live.addTask(task);
    else if (this.#resident && (live?.store === undefined || live.usable)) live?.begin();
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

  /**
   * How many open associations count against one that is to be opened: of those without authentication all, of the others those
   * of the same client. So nobody without a secret can keep a client with one out.
   */
  openBeside(association: Association): number {
    return this.#live?.openBeside(association) ?? 0;
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
   * Changes whatever objects of the meter in one unit of work: all of it is kept and seen by clients, or none. Inside a hook or
   * a task of the same meter, use what the hook is given.
   */
  change<T>(run: (device: DeviceView) => MaybePromise<T>, sap = 1): MaybePromise<T> {
    const device = this.#device(sap);
    const working = this.#working;
    if (working !== undefined) return run(this.live.view(device, { by: program, work: working }));
    return this.#using((live) => live.change(program, (work) => run(live.view(device, { by: program, work }))));
  }

  /** Sets the meter's clock. */
  setClock(instant: number): MaybePromise<void> {
    const working = this.#working;
    if (working !== undefined) return working.setClock(instant - (working.at ?? this.now));
    return this.#using((live) => live.change(program, (work) => work.setClock(instant - live.now)));
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
    const live = this.#live;
    if (!this.#lettingGo && live?.usable === true && this.#hasLoaded(association)) {
      live.begin();
      return undefined;
    }
    return this.#next(() => this.#load(store, association));
  }

  #hasLoaded(association: Association | undefined): boolean {
    return this.#loaded !== undefined && (association === undefined || this.#loaded.has(association));
  }

  /** Runs after all that was to be loaded or let go before, whether or not it failed. */
  #next(run: () => Promise<void>): Promise<void> {
    const turn = (this.#turn ?? Promise.resolve()).then(run, run);
    this.#turn = turn;
    const over = (): void => {
      if (this.#turn === turn) this.#turn = undefined;
    };
    turn.then(over, over);
    return turn;
  }

  async #load(store: MeterStore, association: Association | undefined): Promise<void> {
    if (this.#live?.lost === true) this.#forget();
    const { live } = this;
    if (live.lease === undefined) {
      const taken = await this.#take(store, association);
      await this.#become(taken);
      live.take(taken);
      this.#here().taken.set(this.id, this);
      this.#loaded = new Set();
      live.begin();
      if (association !== undefined) live.state(association).load(taken);
      // Whoever reads the meter finds all that it did while nobody looked.
      await live.caughtUp();
    } else {
      live.begin();
      await live.certain();
      if (!this.#hasLoaded(association)) await this.#loadSecrets(store, live, association as Association);
    }
    if (association === undefined) return;
    await live.state(association).open();
    if (this.#live === live) this.#loaded?.add(association);
  }

  /** What is changed while the store is asked is asked for again. */
  async #loadSecrets(store: MeterStore, live: LiveMeter, association: Association): Promise<void> {
    const scope = AssociationState.scopeOf(association);
    for (;;) {
      const { securityChanges } = live;
      const secrets = await store.keeping.secrets(this.id, scope);
      if (securityChanges !== live.securityChanges) continue;
      live.counters.know(secrets.peers);
      live.state(association).load(secrets);
      return;
    }
  }

  /** Takes what the store has of who the meter is. */
  async #become(taken: TakenMeter): Promise<void> {
    if (this.identity.taken === undefined) return;
    const identity = await this.identity.taken(taken);
    checkIdentity(identity);
    this.#identity = identity;
    this.#systemTitle = undefined;
  }

  /** Takes the meter; where another process has it, waits as long as the policy says. Fault `meter-held`. */
  async #take(store: MeterStore, association: Association | undefined): Promise<TakenMeter> {
    const { clock, held } = this.#here();
    const scope = association === undefined ? noScope : AssociationState.scopeOf(association);
    const began = clock.now();
    for (;;) {
      const taken = await this.#ask(store, scope);
      if (taken.taken) return taken;
      const elsewhere = held.whenHeld === "forward" && taken.address !== undefined;
      if (held.whenHeld === "refuse" || elsewhere || clock.now() - began >= held.heldFor) {
        const where = taken.address === undefined ? "" : ` (${taken.address})`;
        throw new Fault("meter-held", `another process${where} has the meter ${this.id}`, {
          layer: "server",
          hint: "connect to that process, or wait until it lets go of the meter",
          cause: taken,
        });
      }
      await new Promise<void>((resolve) => clock.at(clock.now() + askAgain, resolve));
    }
  }

  async #ask(store: MeterStore, scope: MeterScope): Promise<TakenMeter | HeldMeter> {
    const { identity } = this;
    const row = {
      meterId: this.id,
      serial: identity.serial ?? this.name,
      logicalDeviceName: this.name,
      systemTitle: this.systemTitle,
      seed: identity.origin?.seed ?? "",
      template: identity.origin?.template ?? "custom",
      commissionedAt: Math.floor(identity.origin?.commissionedAt ?? this.#here().time.now),
    };
    this.#mayHave = true;
    const taken = await store.keeping.take(this.id, scope, row);
    this.#mayHave = false;
    this.#lease = taken.taken ? taken.lease : undefined;
    return taken;
  }

  /** The meter does what it does by itself, from now on until `dismiss`. Undefined when nothing has to be waited for. */
  reside(): Promise<void> | undefined {
    if (!this.#resident) this.#uses++;
    this.#resident = true;
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
      await this.#turn;
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
    for (;;) {
      await this.#turn?.catch(() => undefined);
      const idle = this.#live?.idle;
      await idle;
      if (idle === undefined && this.#turn === undefined) return;
    }
  }

  /** Nobody uses the meter any more: what is in memory is let go, as far as a store keeps it. */
  #leave(): void {
    const { store } = this.#here();
    if (store === undefined) return;
    const failed = (error: unknown): void => {
      this.#here().storeFailed(this, "letting go", error);
      if (error instanceof Fault && error.code === "store-closed") return;
      // Until it is given back no other process can have it.
      if (this.#givingBack) return;
      this.#givingBack = true;
      const { clock } = this.#here();
      clock.at(clock.now() + giveBackAgain, () => {
        this.#givingBack = false;
        if (this.#uses === 0) this.#leave();
      });
    };
    this.#next(() => this.#letGo(store)).catch(failed);
  }

  async #letGo(store: MeterStore): Promise<void> {
    if (this.#uses > 0) return;
    const live = this.#live;
    live?.end();
    if (this.#waitsForIdle(live)) return;
    this.#lettingGo = true;
    try {
      await this.#keepPeers(live);
      // Whoever came meanwhile finds the meter as it is.
      if (this.#uses > 0 || this.#waitsForIdle(live)) return;
      this.#forget();
      if (this.#mayHave) await this.#ask(store, noScope);
      const lease = this.#lease;
      if (lease !== undefined) await store.keeping.release([lease]);
      this.#lease = undefined;
    } finally {
      this.#lettingGo = false;
    }
  }

  /** A work is under way: the meter is let go once it is done. A client that comes meanwhile does not wait for that. */
  #waitsForIdle(live: LiveMeter | undefined): boolean {
    const idle = live?.idle;
    if (idle === undefined) return false;
    void idle.then(() => this.#uses === 0 && this.#leave());
    return true;
  }

  async #keepPeers(live: LiveMeter | undefined): Promise<void> {
    try {
      await live?.keepPeers();
    } catch (error) {
      this.#here().storeFailed(this, "peer counters", error);
    }
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
