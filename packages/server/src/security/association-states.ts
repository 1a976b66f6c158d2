import type { MeterScope, MeterSecrets } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import { AssociationState, type StateOwner, type Unsaved } from "./association-state.ts";
import type { Secrets } from "./security-spec.ts";

/** The secrets and counters of those associations of a meter that have been used. */
export class AssociationStates {
  readonly #owner: StateOwner;
  readonly #secretsOf: (association: Association) => Secrets;
  // A list, because a client has one association with a meter, and a Map with one entry takes as much memory as one with four.
  #states: readonly AssociationState[] = [];

  constructor(owner: StateOwner, secretsOf: (association: Association) => Secrets) {
    this.#owner = owner;
    this.#secretsOf = secretsOf;
  }

  /** Created at the first access. */
  of(association: Association): AssociationState {
    const known = this.known(association);
    if (known !== undefined) return known;
    const state = new AssociationState(association, this.#owner, this.#secretsOf(association));
    this.#states = this.#states.concat(state);
    return state;
  }

  /** Undefined: it has not been used yet. */
  known(association: Association): AssociationState | undefined {
    return this.#states.find((state) => state.association === association && state.security === association.security);
  }

  hasLoaded(association: Association): boolean {
    return this.known(association)?.loaded === true;
  }

  loaded(association: Association): void {
    this.of(association).loaded = true;
  }

  /** The data to read from a store to load all of them again. */
  get scope(): MeterScope {
    const scopes = this.#states.map(({ association }) => AssociationState.scopeOf(association));
    return { clients: scopes.flatMap(({ clients }) => clients), setups: scopes.flatMap(({ setups }) => setups) };
  }

  /** A number that changes each time a key, a policy or a secret has changed. */
  get version(): number {
    return this.#states.reduce((sum, { version }) => sum + version, 0);
  }

  /** Loads all or none. Fault `bad-row`. */
  load(secrets: MeterSecrets): void {
    for (const state of this.#states) state.check(secrets);
    for (const state of this.#states) state.load(secrets);
  }

  /** The counters and used keys of clients that are not kept yet. `soon`: only if there are enough to justify a commit. */
  unsaved(soon = false): Unsaved[] {
    return this.#states.flatMap((state) => state.unsaved(soon) ?? []);
  }
}
