import { type AnyObject, type Rights, visible } from "@dlmskit/cosem-objects";

/**
 * What an association grants now. Rights are replaced as a whole: requests that come later see the new generation, its object
 * list and its visibility; one that is in progress ends with what it began with.
 */
export class GrantedRights {
  #as: (rights: Rights) => Rights;
  #given: Rights;
  #current: Rights;
  #generation = 1;
  #seen = new WeakMap<AnyObject, boolean>();

  /** `as`: what is made of the rights that are given, then and later. */
  constructor(rights: Rights, as: (rights: Rights) => Rights = (given) => given) {
    this.#as = as;
    this.#given = rights;
    this.#current = as(rights);
  }

  get current(): Rights {
    return this.#current;
  }

  /** Counts the replacements, from 1. */
  get generation(): number {
    return this.#generation;
  }

  replace(rights: Rights): void {
    this.#given = rights;
    this.#current = this.#as(rights);
    this.#seen = new WeakMap();
    this.#generation++;
  }

  /** The same rights, which later replacements do not reach. */
  copy(): GrantedRights {
    return new GrantedRights(this.#given, this.#as);
  }

  /** Grants what another does now. */
  become(other: GrantedRights): void {
    this.#as = other.#as;
    this.replace(other.#given);
  }

  /** Whether the client sees the object at all. */
  sees(object: AnyObject): boolean {
    let sees = this.#seen.get(object);
    if (sees === undefined) {
      sees = visible(this.#current, object);
      this.#seen.set(object, sees);
    }
    return sees;
  }
}
