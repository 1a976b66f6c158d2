import type { MeterScope, MeterSecrets } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import { AssociationState, type StateOwner, type Unsaved } from "./association-state.ts";
import type { Secrets } from "./security-spec.ts";

/** The secrets and counters of a meter's associations, as far as somebody has asked for them. */
export class AssociationStates {
  readonly #owner: StateOwner;
  readonly #secretsOf: (association: Association) => Secrets;
  // A list: a client has one with a meter, and a Map with one takes as much memory as one with four.
  #states: readonly AssociationState[] = [];

  constructor(owner: StateOwner, secretsOf: (association: Association) => Secrets) {
    this.#owner = owner;
    this.#secretsOf = secretsOf;
  }

  /** Made when first asked for. */
  of(association: Association): AssociationState {
    const known = this.known(association);
    if (known !== undefined) return known;
    const state = new AssociationState(association, this.#owner, this.#secretsOf(association));
    this.#states = this.#states.concat(state);
    return state;
  }

  /** Undefined: nobody has asked for it yet. */
  known(association: Association): AssociationState | undefined {
    return this.#states.find((state) => state.association === association && state.security === association.security);
  }

  hasLoaded(association: Association): boolean {
    return this.known(association)?.loaded === true;
  }

  loaded(association: Association): void {
    this.of(association).loaded = true;
  }

  /** What a store is asked for, to load all of them again. */
  get scope(): MeterScope {
    const scopes = this.#states.map(({ association }) => AssociationState.scopeOf(association));
    return { clients: scopes.flatMap(({ clients }) => clients), setups: scopes.flatMap(({ setups }) => setups) };
  }

  /** Another number each time that a key, a policy or a secret has changed. */
  get version(): number {
    return this.#states.reduce((sum, { version }) => sum + version, 0);
  }

  /** All or none. Fault `bad-row`. */
  load(secrets: MeterSecrets): void {
    for (const state of this.#states) state.check(secrets);
    for (const state of this.#states) state.load(secrets);
  }

  /** What of clients' counters and used keys is not kept yet. `soon`: only when enough has gathered to be worth a commit. */
  unsaved(soon = false): Unsaved[] {
    return this.#states.flatMap((state) => state.unsaved(soon) ?? []);
  }
}
