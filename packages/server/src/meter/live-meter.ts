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

/** What is asked of the meter itself. */
export interface LivingMeter extends KnownMeter {
  readonly systemTitle: Uint8Array;
  readonly tasks: readonly Task[];
  deviceName(device: Device): string;
}

/** What of a meter is there whether or not it is in use. */
export interface LivePort {
  readonly known: LivingMeter;
  environment(): Environment;
  /** Runs code of a work: what it assigns to its objects' values belongs to it. */
  within<T>(work: Work, run: () => T): T;
  secretsOf(association: Association): Secrets;
  /** Another process has taken the meter. */
  lost(): void;
}

/**
 * A meter that is in use: its values, its associations' keys, its counters. It is the one place where a meter changes: works run
 * one after another, are kept as a whole, and only then are seen by others. With a store it is released when nobody uses the
 * meter, since all of it is kept.
 */
export class LiveMeter implements StateOwner, ViewPort, RunPort, DoubtPort {
  readonly #port: LivePort;
  readonly #values: MeterValues;
  readonly #queue = new WorkQueue();
  readonly states: AssociationStates;
  /** Captured rows, where no store keeps them. */
  #rings: RowRings | undefined;
  /** Made when the first change comes whose fate is not known. */
  #doubt: Doubt | undefined;
  readonly associations = new OpenAssociations();
  /** What the meter does by itself. */
  readonly run: MeterRun;
  readonly counters: CounterBook;
  /** The right to act for the meter, where it has a store. */
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

  /** The meter's own clock. */
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

  /** Whether it shows what the store has, and may change it. */
  get usable(): boolean {
    return this.lease !== undefined && !this.lost && !this.unsure;
  }

  /** Whether the store has failed and nobody knows yet what it has kept. */
  get unsure(): boolean {
    return this.#doubt?.exists === true;
  }

  /** Whether there is power: without, it answers nobody and does nothing. */
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

  /** Another process has the meter: nothing more happens here. */
  noticeLost(): void {
    if (this.#noticed) return;
    this.#noticed = true;
    this.run.end();
    this.#port.lost();
  }

  /** The meter is in use no more, and nobody asks this object for anything. */
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

  /** The secrets and counters of an association; made when first asked for. */
  state(association: Association): AssociationState {
    return this.states.of(association);
  }

  /** Whether everything of the meter is here, and what the association needs, where one is given. */
  hasLoaded(association: Association | undefined): boolean {
    return this.lease !== undefined && (association === undefined || this.states.hasLoaded(association));
  }

  *sharing(securitySetup: string): Iterable<AssociationState> {
    for (const association of this.known.template.associations) {
      if (association.securitySetup !== securitySetup) continue;
      // Without a store there is nowhere else to read a change from: all that share the setup are told.
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
   * Runs one unit of work, after those that came before it, and keeps what it changed. When `run` throws, nothing of it is done
   * (unless by `refuseAndKeep`). Faults, with nothing done: `hook-timeout`; `not-kept` (with the store's fault as its cause).
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

  /** Resolves when it shows what the store has. Fault `not-kept`. */
  certain(): MaybePromise<void> {
    return this.unsure ? this.#queue.run(() => this.#doubt?.resolve()) : undefined;
  }

  /** Loads what the store has, `unsure` or not. Fault `lease-lost`. */
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

  /** Whether nobody asks for it any more: it was let go, or another process has the meter. */
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

  /** Why what was due in time last could not be kept; undefined: it was. */
  get unkept(): unknown {
    return this.#unkept;
  }

  /** What the hooks of timelines threw. */
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

  /** It is kept: from now on everybody sees it. */
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

  /** Keeps what clients have counted, and the keys that they have used. `soon`: only where it is a good deal. Undefined: there is nothing to keep. */
  keepPeers(soon = false): MaybePromise<void> | undefined {
    return this.#peers.keep(soon);
  }

  /** Takes what a store keeps of the meter. */
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

  /** Whether a store keeps what changes. */
  get kept(): boolean {
    return this.store !== undefined && this.lease !== undefined;
  }

  keepRanUpTo(): void {
    this.run.keep();
  }

  /** Resolves when no work is in progress; undefined: none is. */
  get idle(): Promise<unknown> | undefined {
    return this.#queue.idle;
  }
}
