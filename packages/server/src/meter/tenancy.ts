import { Fault } from "@dlmskit/core";
import type { HeldMeter, Lease, MeterScope, TakenMeter } from "@dlmskit/storage";
import { AssociationState } from "../security/association-state.ts";
import type { MeterStore } from "../store-port.ts";
import type { Association } from "./association-spec.ts";
import type { Environment } from "./environment.ts";
import type { LiveMeter, LivingMeter } from "./live-meter.ts";
import type { MeterIdentity } from "./meter-identity.ts";

const noScope = { clients: [], setups: [] };
// Interval between attempts to take a meter that another process has, ms.
const askAgain = 100;
// Delay after a failure of the store until the next attempt to give a meter back, ms.
const giveBackAgain = 1000;

/** The interface of a meter that a tenancy uses. */
export interface TenancyPort {
  /** `live`: the data of the meter in memory, created at the first access. */
  readonly meter: LivingMeter & { readonly live: LiveMeter };
  environment(): Environment;
  /** The data of the meter in memory; undefined: none. */
  current(): LiveMeter | undefined;
  forget(): void;
  /** Takes the identity of the meter from the store. Fault `bad-value`. */
  become(identity: MeterIdentity): void;
}

/**
 * Manages the users of a meter. When the first user arrives, the meter is taken from the store and loaded. When the last user leaves,
 * the meter is released and given back to the store.
 */
export class Tenancy {
  readonly #port: TenancyPort;
  #uses = 0;
  #resident = false;
  #givingBack = false;
  /** Makes sure that only one load or release runs at a time. */
  #turn: Promise<void> | undefined;
  #lettingGo = false;
  /** The lease to give back when the meter is released. */
  #lease: Lease | undefined;
  /** A store that failed may still have given the meter to this process. */
  #mayHave = false;

  constructor(port: TenancyPort) {
    this.#port = port;
  }

  get #meter(): TenancyPort["meter"] {
    return this.#port.meter;
  }

  get #environment(): Environment {
    return this.#port.environment();
  }

  get #current(): LiveMeter | undefined {
    return this.#port.current();
  }

  /** Whether the meter runs its timed actions even without users. */
  get resident(): boolean {
    return this.#resident;
  }

  /** Adds a user of the meter. Returns the function to call when the use has ended. */
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
   * Loads the data of the meter that an association needs, once. Returns undefined if there is no need to wait. Faults: `meter-held`
   * (another process has it) and those of the store.
   */
  enter(association: Association | undefined): Promise<void> | undefined {
    const { store } = this.#environment;
    if (store === undefined) return undefined;
    const live = this.#current;
    if (!this.#lettingGo && live?.usable === true && live.hasLoaded(association)) {
      live.run.begin();
      return undefined;
    }
    return this.#next(() => this.#load(store, association));
  }

  /** Runs a function after all earlier loads and releases have ended, even if they failed. */
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
    if (this.#current?.lost === true) this.#port.forget();
    const { live } = this.#meter;
    if (live.lease === undefined) {
      const taken = await this.#take(store, association);
      await this.#become(taken);
      live.take(taken);
      this.#environment.taken.set(this.#meter.id, this.#meter);
      live.run.begin();
      if (association !== undefined) live.state(association).load(taken);
      // The first reader waits until the meter has done the actions that were due while it was not loaded.
      await live.run.caughtUp();
    } else {
      live.run.begin();
      await live.certain();
      if (!live.hasLoaded(association)) await this.#loadSecrets(store, live, association as Association);
    }
    if (association === undefined) return;
    await live.state(association).open();
    live.states.loaded(association);
  }

  /** If secrets change while the store reads them, they are read again. */
  async #loadSecrets(store: MeterStore, live: LiveMeter, association: Association): Promise<void> {
    const scope = AssociationState.scopeOf(association);
    for (;;) {
      const { securityChanges } = live;
      const secrets = await store.keeping.secrets(this.#meter.id, scope);
      if (securityChanges !== live.securityChanges) continue;
      live.counters.know(secrets.peers);
      live.state(association).load(secrets);
      return;
    }
  }

  /** Takes the identity of the meter from the store. */
  async #become(taken: TakenMeter): Promise<void> {
    if (this.#meter.identity.taken === undefined) return;
    this.#port.become(await this.#meter.identity.taken(taken));
  }

  /** Takes the meter. If another process has it, waits as long as the policy says. Fault `meter-held`. */
  async #take(store: MeterStore, association: Association | undefined): Promise<TakenMeter> {
    const { clock, held } = this.#environment;
    const scope = association === undefined ? noScope : AssociationState.scopeOf(association);
    const began = clock.now();
    for (;;) {
      const taken = await this.#ask(store, scope);
      if (taken.taken) return taken;
      const elsewhere = held.whenHeld === "forward" && taken.address !== undefined;
      if (held.whenHeld === "refuse" || elsewhere || clock.now() - began >= held.heldFor) {
        const where = taken.address === undefined ? "" : ` (${taken.address})`;
        throw new Fault("meter-held", `another process${where} has the meter ${this.#meter.id}`, {
          layer: "server",
          hint: "connect to that process, or wait until it releases the meter",
          cause: taken,
        });
      }
      await new Promise<void>((resolve) => clock.at(clock.now() + askAgain, resolve));
    }
  }

  async #ask(store: MeterStore, scope: MeterScope): Promise<TakenMeter | HeldMeter> {
    const { identity } = this.#meter;
    const row = {
      meterId: this.#meter.id,
      serial: identity.serial ?? this.#meter.name,
      logicalDeviceName: this.#meter.name,
      systemTitle: this.#meter.systemTitle,
      seed: identity.origin?.seed ?? "",
      template: identity.origin?.template ?? "custom",
      commissionedAt: Math.floor(identity.origin?.commissionedAt ?? this.#environment.time.now),
    };
    this.#mayHave = true;
    const taken = await store.keeping.take(this.#meter.id, scope, row);
    this.#mayHave = false;
    this.#lease = taken.taken ? taken.lease : undefined;
    return taken;
  }

  /** Starts the timed actions of the meter; they run until `dismiss`. Returns undefined if there is no need to wait. */
  reside(): Promise<void> | undefined {
    if (!this.#resident) this.#uses++;
    this.#resident = true;
    const entered = this.enter(undefined);
    if (entered === undefined) {
      this.#meter.live.run.begin();
      return undefined;
    }
    return entered.then(() => this.#current?.run.mark());
  }

  /**
   * Runs the due actions of an idle meter and releases it again: for meters of a fleet without a connected client. Faults as in
   * `enter`, and `not-kept`: the actions that were not kept are due again at the next visit.
   */
  async visit(): Promise<void> {
    const leave = this.use();
    try {
      await this.enter(undefined);
      const live = this.#current;
      await live?.run.caughtUp();
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
    this.#current?.run.end();
    this.#uses--;
    if (this.#uses === 0) this.#leave();
  }

  /** Resolves when all work in progress of the meter is kept, and the meter is released if it has no user. */
  async settled(): Promise<void> {
    for (;;) {
      await this.#turn?.catch(() => undefined);
      const idle = this.#current?.idle;
      await idle;
      if (idle === undefined && this.#turn === undefined) return;
    }
  }

  /** The meter has no user any more: releases the data in memory that a store keeps. */
  #leave(): void {
    const { store } = this.#environment;
    if (store === undefined) return;
    const failed = (error: unknown): void => {
      this.#environment.storeFailed(this.#meter, "letting go", error);
      if (error instanceof Fault && error.code === "store-closed") return;
      // No other process can take the meter until it is given back.
      if (this.#givingBack) return;
      this.#givingBack = true;
      const { clock } = this.#environment;
      clock.at(clock.now() + giveBackAgain, () => {
        this.#givingBack = false;
        if (this.#uses === 0) this.#leave();
      });
    };
    this.#next(() => this.#letGo(store)).catch(failed);
  }

  async #letGo(store: MeterStore): Promise<void> {
    if (this.#uses > 0) return;
    const live = this.#current;
    live?.run.end();
    if (this.#waitsForIdle(live)) return;
    this.#lettingGo = true;
    try {
      await this.#keepPeers(live);
      // If a client has arrived in the meantime, the meter stays loaded.
      if (this.#uses > 0 || this.#waitsForIdle(live)) return;
      const due = live?.run.timeline?.due;
      this.#port.forget();
      this.#meter.identity.letGo?.(due);
      if (this.#mayHave) await this.#ask(store, noScope);
      const lease = this.#lease;
      if (lease !== undefined) await store.keeping.release([lease]);
      this.#lease = undefined;
    } finally {
      this.#lettingGo = false;
    }
  }

  /** If a work is in progress, the meter is released when the work ends. A client that arrives earlier does not wait for that. */
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
      this.#environment.storeFailed(this.#meter, "peer counters", error);
    }
  }
}
