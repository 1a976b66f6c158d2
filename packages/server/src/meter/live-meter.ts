import { Fault } from "@dlmskit/core";
import { type Actor, type AnyObject, after, type Context, type MaybePromise } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Lease, TakenMeter } from "@dlmskit/storage";
import { orKeptRefusal, unlessRefused } from "../runtime/kept-refusal.ts";
import { isEmpty, Work, WorkQueue, type WorkResult } from "../runtime/unit-of-work.ts";
import type { AssociationState, StateOwner } from "../security/association-state.ts";
import { AssociationStates } from "../security/association-states.ts";
import { CounterBook } from "../security/key-counters.ts";
import type { Secrets } from "../security/security-spec.ts";
import type { MeterStore } from "../store-port.ts";
import type { Association } from "./association-spec.ts";
import { RowRings, storedRows } from "./captured-rows.ts";
import type { Device } from "./device.ts";
import { Doubt, type DoubtPort } from "./doubt.ts";
import type { Environment } from "./environment.ts";
import { commitOf, valuesOf } from "./kept.ts";
import type { KeptRows } from "./kept-rows.ts";
import { messagesOf } from "./messages.ts";
import type { KnownMeter } from "./meter-identity.ts";
import { MeterRun, type RunPort } from "./meter-run.ts";
import { OpenAssociations } from "./open-associations.ts";
import { PeerKeeping } from "./peer-keeping.ts";
import { ended, hasPower, type Power, powerOf } from "./power.ts";
import { type OpenWork, openWork, type Task } from "./timeline-port.ts";
import type { MeterValues } from "./values.ts";
import { type Request, View, type ViewPort } from "./view.ts";

/** The data of the meter itself that a live meter uses. */
export interface LivingMeter extends KnownMeter {
  readonly systemTitle: Uint8Array;
  readonly tasks: readonly Task[];
  deviceName(device: Device): string;
}

/** The parts of a meter that exist even if the meter is not in use. */
export interface LivePort {
  readonly known: LivingMeter;
  environment(): Environment;
  /** Runs code of a work: values that the code assigns to the objects belong to the work. */
  within<T>(work: Work, run: () => T): T;
  secretsOf(association: Association): Secrets;
  /** Another process has taken the meter. */
  lost(): void;
}

/**
 * A meter that is in use: its values, the keys of its associations and its counters. A meter changes only here. Units of work run
 * one after another. Each is kept as a whole and is visible to others only after that. With a store, this object is released when
 * the meter has no user, because all its data is kept.
 */
export class LiveMeter implements StateOwner, ViewPort, RunPort, DoubtPort {
  readonly #port: LivePort;
  readonly #values: MeterValues;
  readonly #queue = new WorkQueue();
  readonly states: AssociationStates;
  /** Captured rows, if no store keeps them. */
  #rings: RowRings | undefined;
  /** Created when it is first unknown whether a change was kept. */
  #doubt: Doubt | undefined;
  readonly associations = new OpenAssociations();
  /** The timed actions of the meter and the reactions of its objects. */
  readonly run: MeterRun;
  readonly counters: CounterBook;
  /** The right to act for the meter, if it has a store. */
  lease: Lease | undefined;
  #offset = 0;
  #unkept: unknown;
  readonly #peers = new PeerKeeping(this);
  #dropped = false;
  #noticed = false;
  #securityChanges = 0;

  constructor(port: LivePort, values: MeterValues) {
    this.#port = port;
    this.#values = values;
    this.run = new MeterRun(this);
    this.states = new AssociationStates(this, (association) => port.secretsOf(association));
    this.counters = new CounterBook(port.known.id, port.known.identity.firstCounter);
  }

  get known(): LivingMeter {
    return this.#port.known;
  }

  get environment(): Environment {
    return this.#port.environment();
  }

  get id(): string {
    return this.known.id;
  }

  get systemTitle(): Uint8Array {
    return this.known.systemTitle;
  }

  get provider(): CryptoProvider {
    return this.environment.provider;
  }

  get random(): Random {
    return this.environment.random;
  }

  get store(): MeterStore | undefined {
    return this.environment.store;
  }

  get time(): number {
    return this.environment.time.now;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The time of the meter's clock. */
  get now(): number {
    return this.time + this.#offset;
  }

  get diverged(): number {
    return this.#values.diverged;
  }

  /** Whether another process has the meter now. */
  get lost(): boolean {
    return this.lease?.lost === true;
  }

  /** Whether it has the data of the store and may change it. */
  get usable(): boolean {
    return this.lease !== undefined && !this.lost && !this.unsure;
  }

  /** Whether the store has failed and it is not known yet which data it has kept. */
  get unsure(): boolean {
    return this.#doubt?.exists === true;
  }

  /** Whether the meter has power. Without power it does not answer and does nothing. */
  get powered(): boolean {
    return hasPower(this.values(this.known.template.power));
  }

  get power(): Power {
    return powerOf(this.values(this.known.template.power));
  }

  /** Counts the changes of keys, secrets, policies and certificates. */
  get securityChanges(): number {
    return this.#securityChanges;
  }

  /** Another process has the meter: this process stops all work on it. */
  noticeLost(): void {
    if (this.#noticed) return;
    this.#noticed = true;
    this.run.end();
    this.#port.lost();
  }

  /** The meter is no longer in use, and this object is not used any more. */
  drop(): void {
    this.#dropped = true;
    this.run.drop();
  }

  values(object: AnyObject): Readonly<Record<string, unknown>> {
    return this.#values.values(object);
  }

  deviceName(device: Device): string {
    return this.known.deviceName(device);
  }

  reach(...call: Parameters<ViewPort["reach"]>): ReturnType<ViewPort["reach"]> {
    return this.environment.reach(...call);
  }

  /** The secrets and counters of an association; created at the first access. */
  state(association: Association): AssociationState {
    return this.states.of(association);
  }

  /** Whether all data of the meter is loaded, and also the data of `association` if it is given. */
  hasLoaded(association: Association | undefined): boolean {
    return this.lease !== undefined && (association === undefined || this.states.hasLoaded(association));
  }

  *sharing(securitySetup: string): Iterable<AssociationState> {
    for (const association of this.known.template.associations) {
      if (association.securitySetup !== securitySetup) continue;
      // Without a store the change cannot be read later, so all associations that share the setup must get it now.
      const state = this.store === undefined ? this.state(association) : this.states.known(association);
      if (state !== undefined) yield state;
    }
  }

  view(device: Device, request: Request): View {
    return new View(this, device, request);
  }

  context(device: Device, object: AnyObject, work: Work): Context {
    const self = object.spec.traits?.actor;
    return this.view(device, { by: self === undefined ? work.by : { self }, work }).context(object);
  }

  rows(device: Device, profile: AnyObject): KeptRows {
    const { store } = this;
    if (store === undefined) {
      this.#rings ??= new RowRings();
      return this.#rings.rows(profile);
    }
    return storedRows(store, { meterId: this.id, logicalDevice: device.sap, instanceId: profile.instance });
  }

  within<T>(work: Work, run: () => T): T {
    return this.#port.within(work, run);
  }

  limit<T>(value: MaybePromise<T>, late?: () => void): MaybePromise<T> {
    return this.environment.hooks.limit(value, late);
  }

  /**
   * Runs one unit of work after all earlier ones and keeps its changes. If `run` throws, nothing is changed (unless it throws by
   * `refuseAndKeep`). Faults, with nothing changed: `hook-timeout`; `not-kept` (its cause is the Fault of the store).
   */
  change<T>(by: Actor, run: (work: Work) => MaybePromise<T>): MaybePromise<T> {
    const begin = (): MaybePromise<T> => {
      const work = new Work(this, by);
      const running = this.run.within(work, () => orKeptRefusal(() => run(work)));
      const ran = this.limit(running, () => work.abandon());
      return after(ran, (result) => after(this.#keep(work), () => unlessRefused(result)));
    };
    return this.#queue.run(() => after(this.#doubt?.resolve(), begin));
  }

  /** Resolves when it has the data of the store. Fault `not-kept`. */
  certain(): MaybePromise<void> {
    return this.unsure ? this.#queue.run(() => this.#doubt?.resolve()) : undefined;
  }

  /** Loads the data of the store, whether or not `unsure` was kept. Fault `lease-lost`. */
  async reload(unsure: WorkResult): Promise<void> {
    const taken = await (this.store as MeterStore).keeping.take(this.id, this.states.scope);
    if (!taken.taken || taken.lease.epoch !== this.lease?.epoch) {
      throw new Fault("lease-lost", "another process has taken the meter", { layer: "server" });
    }
    this.#takeAgain(taken, unsure);
  }

  #takeAgain({ clockOffset, ranUpTo, values, ...secrets }: TakenMeter, unsure: WorkResult): void {
    const changed = this.#valuesOf(values);
    const before = this.now;
    const moved = clockOffset !== this.#offset;
    const ran = unsure.ranUpTo !== undefined && unsure.ranUpTo === ranUpTo;
    this.#doubt?.end();
    this.#put(changed);
    this.#offset = clockOffset;
    this.counters.know(secrets.peers);
    this.states.load(secrets);
    this.#securityChanges++;
    const { timeline } = this.run;
    if (ran) timeline?.ran(ranUpTo as number);
    if (moved) timeline?.clockSet(before);
    timeline?.replan(changed.keys());
    this.again();
  }

  /** Whether it is no longer used: it was released, or another process has the meter. */
  get over(): boolean {
    return this.#dropped || this.#noticed;
  }

  again(): void {
    this.run.again();
  }

  open(): MaybePromise<OpenWork> {
    const over = (error: unknown): void => {
      this.#unkept = error;
      if (error === undefined) return;
      if (this.unsure) this.run.timeline?.undo();
      this.environment.storeFailed(this.known, "what was due in time", (error as Fault).cause ?? error);
    };
    const keep = (work: Work): MaybePromise<void> => this.#keep(work);
    const within = <T>(work: Work, run: () => MaybePromise<T>): MaybePromise<T> => this.run.within(work, run);
    return after(this.#queue.hold(), (release) =>
      openWork(new Work(this, { self: "time" }), { within, keep, over, release }),
    );
  }

  /** Why the last timed actions could not be kept; undefined: they were kept. */
  get unkept(): unknown {
    return this.#unkept;
  }

  /** Reports an error thrown by a hook of a timeline. */
  failed(what: string, error: unknown): void {
    this.environment.failed(this.known, what, error);
  }

  #keep(work: Work): MaybePromise<void> {
    const result = ended(work, this.known.template);
    const { store, lease } = this;
    if (store === undefined || lease === undefined) return this.#take(result);
    const unsaved = this.states.unsaved();
    if (isEmpty(result) && unsaved.length === 0 && !result.marked) return undefined;
    const reached = this.run.timeline?.reached(result.values.keys());
    const about = { lease, known: this.known, time: this.time, offset: this.#offset };
    return store.keeping.commit(commitOf(about, result, { unsaved, reached, ranBefore: this.run.ranUpTo })).then(
      () => {
        for (const { saved } of unsaved) saved();
        this.#take(result);
      },
      (cause: unknown) => {
        for (const { failed } of unsaved) failed();
        this.#doubt ??= new Doubt(this);
        this.#doubt.failed(result, cause);
        throw new Fault("not-kept", "the change could not be stored, so it was not made", { layer: "server", cause });
      },
    );
  }

  #put(values: WorkResult["values"]): void {
    const before = this.powered;
    this.#values.put(values);
    if (!values.has(this.known.template.power)) return;
    this.run.timeline?.powerChanged();
    if (before !== this.powered) this.environment.powerChanged(this.known, !before);
  }

  /** The work is kept: makes its changes visible to all. */
  #take(result: WorkResult): void {
    this.#put(result.values);
    if (this.store === undefined && result.rows.size > 0) {
      this.#rings ??= new RowRings();
      this.#rings.take(result.rows);
    }
    if (result.messages.length > 0) {
      this.environment.notified(this.known, messagesOf(this.known, result.messages));
    }
    for (const then of result.afterwards) then();
    if (result.afterwards.length > 0) this.#securityChanges++;
    if (result.clock !== undefined) {
      const before = this.now;
      this.#offset = Math.round(this.#offset + result.clock);
      this.run.timeline?.clockSet(before);
    }
    this.run.timeline?.replan(result.values.keys());
    this.again();
  }

  /** Keeps the counters of clients and the keys that they have used. `soon`: only if there are many. Undefined: nothing to keep. */
  keepPeers(soon = false): MaybePromise<void> | undefined {
    return this.#peers.keep(soon);
  }

  /** Takes the data of the meter from the store. */
  take({ lease, clockOffset, ranUpTo, values, ...secrets }: TakenMeter): void {
    this.#values.put(this.#valuesOf(values));
    this.lease = lease;
    this.#offset = clockOffset;
    this.counters.know(secrets.peers);
    this.run.ranBefore(ranUpTo ?? this.known.identity.origin?.ranFrom);
  }

  #valuesOf(kept: TakenMeter["values"]): ReturnType<typeof valuesOf> {
    return valuesOf(this.known.template, kept, this.known.id, (fault) => {
      this.environment.storeFailed(this.known, "a kept value", fault);
    });
  }

  /** Whether a store keeps the changes. */
  get kept(): boolean {
    return this.store !== undefined && this.lease !== undefined;
  }

  keepRanUpTo(): void {
    this.run.keep();
  }

  /** Resolves when no work is in progress; undefined: no work is in progress now. */
  get idle(): Promise<unknown> | undefined {
    return this.#queue.idle;
  }
}
