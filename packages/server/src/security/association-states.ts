import type { MeterScope, MeterSecrets } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import { AssociationState, type StateOwner, type Unsaved } from "./association-state.ts";
import type { Secrets } from "./security-spec.ts";

/** The secrets and counters of a meter's associations, as far as somebody has asked for them. */
export class AssociationStates {
  readonly #owner: StateOwner;
  readonly #secretsOf: (association: Association) => Secrets;
  readonly #states = new Map<Association, AssociationState>();
  /** Those of which all is loaded that they need. */
  #loaded: Set<Association> | undefined;

  constructor(owner: StateOwner, secretsOf: (association: Association) => Secrets) {
    this.#owner = owner;
    this.#secretsOf = secretsOf;
  }

  /** Made when first asked for. */
  of(association: Association): AssociationState {
    let state = this.#states.get(association);
    if (state === undefined) {
      state = new AssociationState(association, this.#owner, this.#secretsOf(association));
      this.#states.set(association, state);
    }
    return state;
  }

  /** Undefined: nobody has asked for it yet. */
  known(association: Association): AssociationState | undefined {
    return this.#states.get(association);
  }

  hasLoaded(association: Association): boolean {
    return this.#loaded?.has(association) === true;
  }

  loaded(association: Association): void {
    this.#loaded ??= new Set();
    this.#loaded.add(association);
  }

  /** What a store is asked for, to load all of them again. */
  get scope(): MeterScope {
    const scopes = [...this.#states.keys()].map((association) => AssociationState.scopeOf(association));
    return { clients: scopes.flatMap(({ clients }) => clients), setups: scopes.flatMap(({ setups }) => setups) };
  }

  load(secrets: MeterSecrets): void {
    for (const state of this.#states.values()) state.load(secrets);
  }

  /** What of clients' counters and used keys is not kept yet. `soon`: only when enough has gathered to be worth a commit. */
  unsaved(soon = false): Unsaved[] {
    return [...this.#states.values()].flatMap((state) => state.unsaved(soon) ?? []);
  }
}
