import { type AnyObject, type Rights, visible } from "@dlmskit/cosem-objects";

/**
 * The current access rights of an association. Rights are replaced as a whole. Later requests see the new generation with its object
 * list and its visibility; a request in progress ends with the rights at its start.
 */
export class GrantedRights {
  #as: (rights: Rights) => Rights;
  #given: Rights;
  #current: Rights;
  #generation = 1;
  #seen = new WeakMap<AnyObject, boolean>();

  /** `as`: converts the given rights, now and at each replacement. */
  constructor(rights: Rights, as: (rights: Rights) => Rights = (given) => given) {
    this.#as = as;
    this.#given = rights;
    this.#current = as(rights);
  }

  get current(): Rights {
    return this.#current;
  }

  /** Number of the current generation, counted from 1. Each replacement adds 1. */
  get generation(): number {
    return this.#generation;
  }

  replace(rights: Rights): void {
    this.#given = rights;
    this.#current = this.#as(rights);
    this.#seen = new WeakMap();
    this.#generation++;
  }

  /** Returns a copy of these rights that later replacements do not change. */
  copy(): GrantedRights {
    return new GrantedRights(this.#given, this.#as);
  }

  /** Takes the current rights of another instance. */
  become(other: GrantedRights): void {
    this.#as = other.#as;
    this.replace(other.#given);
  }

  /** Whether the client can see the object at all. */
  sees(object: AnyObject): boolean {
    let sees = this.#seen.get(object);
    if (sees === undefined) {
      sees = visible(this.#current, object);
      this.#seen.set(object, sees);
    }
    return sees;
  }
}
