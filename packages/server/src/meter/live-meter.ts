import { Fault } from "@dlmskit/core";
import {
  type Actor,
  type AnyObject,
  after,
  attempt,
  type Context,
  isLater,
  type MaybePromise,
  RowRing,
} from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Commit, Lease, MeterScope, TakenMeter } from "@dlmskit/storage";
import { isEmpty, Work, WorkQueue, type WorkResult } from "../runtime/unit-of-work.ts";
import { AssociationState, type StateOwner, type Unsaved } from "../security/association-state.ts";
import { CounterBook } from "../security/key-counters.ts";
import type { SecurityPort } from "../security/security-port.ts";
import type { Secrets } from "../security/security-spec.ts";
import type { MeterStore } from "../store-port.ts";
import type { Association } from "./association-spec.ts";
import type { Environment } from "./environment.ts";
import { commitOf, valuesOf } from "./kept.ts";
import type { KnownMeter } from "./meter-identity.ts";
import type { Device } from "./meter-template.ts";
import { MeterTimeline, type OpenWork, type Task, type TimelinePort } from "./meter-timeline.ts";
import type { MeterValues } from "./values.ts";
import { type KeptRows, type Request, View, type ViewPort } from "./view.ts";

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

// After these Faults of a store nothing was kept. After any other it may have kept the change all the same.
const decided: ReadonlySet<string> = new Set([
  ...["bad-value", "counter-replayed", "duplicate", "key-encryption-key-needed"],
  ...["lease-lost", "store-closed", "unknown-reference"],
]);
// After a failure of the store, how long until it is asked again what it has kept, ms.
const askAgain = 1000;

/**
 * A meter that is in use: its values, its associations' keys, its counters. It is the one place where a meter changes: works run
 * one after another, are kept as a whole, and only then are seen by others. With a store it is let go when nobody uses the
 * meter, since all of it is kept.
 */
export class LiveMeter implements StateOwner, ViewPort, TimelinePort {
  readonly #port: LivePort;
  readonly #values: MeterValues;
  readonly #queue = new WorkQueue();
  readonly #states = new Map<Association, AssociationState>();
  /** Captured rows, where no store keeps them. */
  #rings: Map<AnyObject, RowRing> | undefined;
  readonly #open = new Map<Association, (Uint8Array | undefined)[]>();
  readonly counters: CounterBook;
  /** The right to act for the meter, where it has a store. */
  lease: Lease | undefined;
  #offset = 0;
  #timeline: MeterTimeline | undefined;
  #running = false;
  #openAssociations = 0;
  #unkept: unknown;
  /** The change of which the store has not said whether it was kept; undefined: there is none. */
  #unsure: WorkResult | undefined;
  #keepingPeers = false;
  #dropped = false;
  #noticed = false;
  #securityChanges = 0;
  /** The associations of which all is loaded that they need. */
  #loaded: Set<Association> | undefined;

  constructor(port: LivePort, values: MeterValues) {
    this.#port = port;
    this.#values = values;
    const { known } = port;
    const first = known.identity.firstCounter;
    this.counters = new CounterBook(known.id, first === undefined ? counterOfClock : () => first);
  }

  get known(): LivingMeter {
    return this.#port.known;
  }

  get #environment(): Environment {
    return this.#port.environment();
  }

  get id(): string {
    return this.known.id;
  }

  get systemTitle(): Uint8Array {
    return this.known.systemTitle;
  }

  get provider(): CryptoProvider {
    return this.#environment.provider;
  }

  get random(): Random {
    return this.#environment.random;
  }

  get store(): MeterStore | undefined {
    return this.#environment.store;
  }

  get time(): number {
    return this.#environment.time.now;
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
    return this.lease !== undefined && !this.lost && this.#unsure === undefined;
  }

  /** Whether the store has failed and nobody knows yet what it has kept. */
  get unsure(): boolean {
    return this.#unsure !== undefined;
  }

  /** Counts the changes of keys, secrets, policies and certificates. */
  get securityChanges(): number {
    return this.#securityChanges;
  }

  /** Another process has the meter: nothing more happens here. */
  noticeLost(): void {
    if (this.#noticed) return;
    this.#noticed = true;
    this.end();
    this.#port.lost();
  }

  /** The meter is in use no more, and nobody asks this object for anything. */
  drop(): void {
    this.#dropped = true;
    this.end();
  }

  values(object: AnyObject): Readonly<Record<string, unknown>> {
    return this.#values.values(object);
  }

  deviceName(device: Device): string {
    return this.known.deviceName(device);
  }

  reach(...call: Parameters<ViewPort["reach"]>): ReturnType<ViewPort["reach"]> {
    return this.#environment.reach(...call);
  }

  /** The secrets and counters of an association; made when first asked for. */
  state(association: Association): AssociationState {
    let state = this.#states.get(association);
    if (state === undefined) {
      state = new AssociationState(association, this, this.#port.secretsOf(association));
      this.#states.set(association, state);
    }
    return state;
  }

  /** Whether everything of the meter is here, and what the association needs, where one is given. */
  hasLoaded(association: Association | undefined): boolean {
    return this.lease !== undefined && (association === undefined || this.#loaded?.has(association) === true);
  }

  loaded(association: Association): void {
    this.#loaded ??= new Set();
    this.#loaded.add(association);
  }

  *sharing(securitySetup: string): Iterable<AssociationState> {
    for (const association of this.known.template.associations) {
      if (association.securitySetup !== securitySetup) continue;
      // Without a store there is nowhere else to read a change from: all that share the setup are told.
      const state = this.store === undefined ? this.state(association) : this.#states.get(association);
      if (state !== undefined) yield state;
    }
  }

  #security: Omit<SecurityPort, "work"> | undefined;

  /** Made when an object about security is first used. */
  get security(): Omit<SecurityPort, "work"> {
    this.#security ??= this.#securityPort();
    return this.#security;
  }

  #securityPort(): Omit<SecurityPort, "work"> {
    const live = this;
    return {
      get provider() {
        return live.provider;
      },
      get random() {
        return live.random;
      },
      get systemTitle() {
        return live.systemTitle;
      },
      state: (association) => live.state(association),
      clientSystemTitle: (association) => live.#open.get(association)?.at(-1),
      isOpen: (association) => (live.#open.get(association)?.length ?? 0) > 0,
    };
  }

  /** An association was opened, by a client of that system title; gives what to call when it is over. */
  opened(association: Association, systemTitle: Uint8Array | undefined): () => void {
    const open = this.#open.get(association) ?? [];
    this.#open.set(association, open);
    open.push(systemTitle);
    this.#openAssociations++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#openAssociations--;
      open.splice(open.indexOf(systemTitle), 1);
    };
  }

  /** How many open associations count against one that is to be opened. */
  openBeside(association: Association): number {
    if (association.security.mechanism !== 0) return this.#open.get(association)?.length ?? 0;
    let count = 0;
    for (const [other, open] of this.#open) if (other.security.mechanism === 0) count += open.length;
    return count;
  }

  /** How many associations are open now. */
  get openAssociations(): number {
    return this.#openAssociations;
  }

  view(device: Device, request: Request): View {
    return new View(this, device, request);
  }

  context(device: Device, object: AnyObject, work: Work): Context {
    return this.view(device, { by: work.by, work }).context(object);
  }

  rows(device: Device, profile: AnyObject): KeptRows {
    const { store } = this;
    if (store === undefined) {
      const ring = (): RowRing | undefined => this.#rings?.get(profile);
      return {
        count: () => ring()?.length ?? 0,
        range: (from, to) => ring()?.range(from, to) ?? [],
        entries: (first, last) => ring()?.entries(first, last) ?? [],
      };
    }
    const of = { meterId: this.id, logicalDevice: device.sap, instanceId: profile.instance };
    return {
      count: () => store.keeping.count(of),
      range: (from, to) => store.keeping.range(of, from, to),
      entries: (first, last) => store.keeping.entries(of, first, Math.min(last, Number.MAX_SAFE_INTEGER)),
    };
  }

  /**
   * Runs one unit of work, after those that came before it, and keeps what it changed. When `run` throws, nothing of it is done.
   * Fault `not-kept` (with the store's fault as its cause): the store failed, and nothing of it is done.
   */
  change<T>(by: Actor, run: (work: Work) => MaybePromise<T>): MaybePromise<T> {
    const begin = (): MaybePromise<T> => {
      const work = new Work(this, by);
      return after(
        this.#port.within(work, () => run(work)),
        (result) => after(this.#keep(work), () => result),
      );
    };
    return this.#queue.run(() => after(this.#known(), begin));
  }

  /** Resolves when it shows what the store has. Fault `not-kept`. */
  certain(): MaybePromise<void> {
    return this.#unsure === undefined ? undefined : this.#queue.run(() => this.#known());
  }

  #known(): MaybePromise<void> {
    return this.#unsure === undefined ? undefined : this.#reload(this.#unsure);
  }

  /**
   * The store failed, so that nobody knows whether it has the last change: what it has is loaded again, before anything else is
   * changed. Fault `not-kept`.
   */
  async #reload(unsure: WorkResult): Promise<void> {
    try {
      const taken = await (this.store as MeterStore).keeping.take(this.id, this.#scope());
      if (!taken.taken || taken.lease.epoch !== this.lease?.epoch) {
        throw new Fault("lease-lost", "another process has taken the meter", { layer: "server" });
      }
      this.#takeAgain(taken, unsure);
    } catch (cause) {
      if (cause instanceof Fault && cause.code === "lease-lost") this.noticeLost();
      throw new Fault("not-kept", "the store has failed, and what it has kept cannot be loaded", {
        layer: "server",
        cause,
      });
    }
  }

  #scope(): MeterScope {
    const scopes = [...this.#states.keys()].map((association) => AssociationState.scopeOf(association));
    return { clients: scopes.flatMap(({ clients }) => clients), setups: scopes.flatMap(({ setups }) => setups) };
  }

  #takeAgain({ clockOffset, ranUpTo, values, ...secrets }: TakenMeter, unsure: WorkResult): void {
    const changed = this.#valuesOf(values);
    const moved = clockOffset !== this.#offset;
    const ran = unsure.ranUpTo !== undefined && unsure.ranUpTo === ranUpTo;
    this.#unsure = undefined;
    this.#values.put(changed);
    this.#offset = clockOffset;
    this.counters.know(secrets.peers);
    for (const state of this.#states.values()) state.load(secrets);
    this.#securityChanges++;
    const timeline = this.#timeline;
    if (timeline === undefined) return;
    if (ran) timeline.ran(ranUpTo as number);
    if (moved) timeline.clockSet();
    timeline.replan(changed.keys());
    this.again();
  }

  /** What is due first may have changed. */
  again(): void {
    if (this.#timeline !== undefined && this.#running) this.#environment.agenda.changed(this.#timeline);
  }

  #recoverLater(): void {
    const { clock } = this.#environment;
    const recover = (): void => {
      if (this.#dropped || this.#noticed || this.#unsure === undefined) return;
      const failed = (error: unknown): void => {
        const { cause } = error as { cause?: unknown };
        this.#environment.storeFailed(this.known, "loading again", cause ?? error);
        if (!(cause instanceof Fault && cause.code === "store-closed")) this.#recoverLater();
      };
      Promise.resolve(this.certain()).then(undefined, failed);
    };
    clock.at(clock.now() + askAgain, recover);
  }

  open(): MaybePromise<OpenWork> {
    const begin = (release: () => void): OpenWork => {
      const work = new Work(this, { self: "time" });
      return {
        work,
        within: (run) => this.#port.within(work, run),
        finish: () => {
          const failed = (error: unknown): void => {
            this.#unkept = error;
            const { cause } = error as { cause?: unknown };
            if (this.unsure) this.#timeline?.undo();
            this.#environment.storeFailed(this.known, "what was due in time", cause ?? error);
            release();
          };
          try {
            const kept = this.#keep(work);
            const done = (): void => {
              this.#unkept = undefined;
              release();
            };
            if (isLater(kept)) return kept.then(done, failed) as MaybePromise<void>;
            done();
          } catch (error) {
            failed(error);
          }
          return undefined;
        },
      };
    };
    return after(this.#queue.hold(), begin);
  }

  /** Why what was due in time last could not be kept; undefined: it was. */
  get unkept(): unknown {
    return this.#unkept;
  }

  /** What the hooks of timelines threw. */
  failed(what: string, error: unknown): void {
    this.#environment.failed(this.known, what, error);
  }

  #keep(work: Work): MaybePromise<void> {
    const result = work.end();
    const { store, lease } = this;
    if (store === undefined || lease === undefined) {
      this.#take(result);
      return undefined;
    }
    const unsaved = this.#unsaved();
    if (isEmpty(result) && unsaved.length === 0 && !result.marked) return undefined;
    const commit = this.#commitOf(lease, result, unsaved);
    return store.keeping.commit(commit).then(
      () => {
        for (const { saved } of unsaved) saved();
        this.#take(result);
      },
      (cause: unknown) => {
        for (const { failed } of unsaved) failed();
        if (cause instanceof Fault && cause.code === "lease-lost") this.noticeLost();
        if (!(cause instanceof Fault && decided.has(cause.code))) {
          this.#unsure = result;
          this.#recoverLater();
        }
        throw new Fault("not-kept", "the change could not be kept, and was not made", { layer: "server", cause });
      },
    );
  }

  /** What of clients' counters and used keys is not kept yet. `soon`: only where it is a good deal. */
  #unsaved(soon = false): Unsaved[] {
    return [...this.#states.values()].flatMap((state) => state.unsaved(soon) ?? []);
  }

  #commitOf(lease: Lease, result: WorkResult, unsaved: readonly Unsaved[]): Commit {
    const { template } = this.known;
    return commitOf({ lease, template, time: this.time, offset: this.#offset }, result, {
      // Associations that share a key and a client count together.
      peers: [...new Map(unsaved.flatMap((one) => one.peers).map((one) => [`${one.keyId} ${one.peer}`, one])).values()],
      usedKeys: unsaved.flatMap((one) => one.usedKeys),
      reached: this.#timeline?.reached(result.values.keys()),
    });
  }

  /** It is kept: from now on everybody sees it. */
  #take(result: WorkResult): void {
    this.#values.put(result.values);
    if (this.store === undefined) this.#takeRows(result);
    for (const then of result.afterwards) then();
    if (result.afterwards.length > 0) this.#securityChanges++;
    if (result.clock !== undefined) {
      this.#offset = Math.round(this.#offset + result.clock);
      this.#timeline?.clockSet();
    }
    this.#timeline?.replan(result.values.keys());
    this.again();
  }

  #takeRows({ rows }: WorkResult): void {
    if (rows.size === 0) return;
    this.#rings ??= new Map();
    for (const [profile, { clear, keep, rows: added }] of rows) {
      let ring = this.#rings.get(profile);
      if (ring === undefined || ring.capacity !== keep) {
        const kept = ring;
        ring = new RowRing(keep);
        kept?.copyTo(ring);
        this.#rings.set(profile, ring);
      }
      if (clear) ring.clear();
      for (const { at, encoded } of added) ring.push(at, encoded);
    }
  }

  /** Keeps what clients have counted, and the keys that they have used. `soon`: only where it is a good deal. Undefined: there is nothing to keep. */
  keepPeers(soon = false): MaybePromise<void> | undefined {
    const { store, lease } = this;
    if (store === undefined || lease === undefined || lease.lost) return undefined;
    if (this.#unsaved(soon).length === 0) return undefined;
    // Works that wait for a slow hook or a slow store do not pile up.
    if (this.#keepingPeers && soon) return undefined;
    this.#keepingPeers = true;
    const done = (): void => {
      this.#keepingPeers = false;
    };
    const failed = (error: unknown): never => {
      done();
      throw error;
    };
    const kept = this.change({ self: "program" }, () => undefined);
    if (isLater(kept)) return kept.then(done, failed);
    return done();
  }

  /** Takes what a store keeps of the meter. */
  take({ lease, clockOffset, ranUpTo, values, ...secrets }: TakenMeter): void {
    this.#values.put(this.#valuesOf(values));
    this.lease = lease;
    this.#offset = clockOffset;
    this.counters.know(secrets.peers);
    this.#ranUpToBefore = ranUpTo ?? this.known.identity.origin?.ranFrom;
  }

  #valuesOf(kept: TakenMeter["values"]): ReturnType<typeof valuesOf> {
    return valuesOf(this.known.template, kept, this.known.id, (fault) => {
      this.#environment.storeFailed(this.known, "a kept value", fault);
    });
  }

  #ranUpToBefore: number | undefined;

  /** Keeps from when on the meter does what it does by itself, where that is not kept yet. */
  mark(): MaybePromise<void> | undefined {
    if (this.#timeline?.next === undefined || this.#ranUpToBefore !== undefined) return undefined;
    return this.#mark(this.#timeline);
  }

  #mark(timeline: MeterTimeline): MaybePromise<void> {
    return this.change({ self: "time" }, (work) => work.mark(Math.floor(timeline.ranUpTo)));
  }

  keepRanUpTo(): void {
    if (this.store === undefined || this.lease === undefined || this.#timeline === undefined) return;
    const failed = (error: unknown): void => this.#environment.storeFailed(this.known, "the time of day", error);
    attempt(() => this.#mark(this.#timeline as MeterTimeline), failed);
  }

  /** Begins to do what the meter does by itself, after what it has done before. */
  begin(): void {
    if (this.#running || this.#dropped || this.lost) return;
    const { agenda } = this.#environment;
    if (this.#timeline === undefined) {
      if (this.known.template.timed.length === 0 && this.known.tasks.length === 0) return;
      // A time of day that starts before what was done last goes on from where it starts.
      const { now } = this;
      const before = this.#ranUpToBefore ?? now;
      this.#timeline = new MeterTimeline(this, this.known.tasks, Math.min(before, Math.ceil(now)));
      if (before > Math.ceil(now)) this.keepRanUpTo();
    } else this.#timeline.goOn();
    this.#running = true;
    agenda.add(this.#timeline);
  }

  /** Resolves when everything that is due by now is done. */
  caughtUp(): Promise<void> | undefined {
    return this.#timeline === undefined || !this.#running
      ? undefined
      : this.#environment.agenda.settled(this.#timeline);
  }

  end(): void {
    if (this.#timeline === undefined) return;
    this.#running = false;
    this.#environment.agenda.remove(this.#timeline);
  }

  /** A task of the meter is new. */
  addTask(task: Task): void {
    if (this.#timeline === undefined) return;
    this.#timeline.addTask(task);
    this.again();
  }

  get hasTimeline(): boolean {
    return this.#timeline !== undefined;
  }

  /** Resolves when no work is under way; undefined: none is. */
  get idle(): Promise<unknown> | undefined {
    return this.#queue.idle;
  }
}

// Without a store nothing remembers the counters of the last run: 8 a second since 2024 keep a new run above it.
const counterOfClock = (): number => Math.max(0, Math.floor((Date.now() - Date.UTC(2024, 0, 1)) / 125)) % 0xf0000000;
