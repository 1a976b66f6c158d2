import type { Association } from "./association-spec.ts";

/** The associations of a meter that are open now, each with the system title of its client. */
export class OpenAssociations {
  readonly #open = new Map<Association, (Uint8Array | undefined)[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** An association was opened, by a client of that system title; gives what to call when it is over. */
  opened(association: Association, systemTitle: Uint8Array | undefined): () => void {
    const open = this.#open.get(association) ?? [];
    this.#open.set(association, open);
    open.push(systemTitle);
    this.#count++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#count--;
      open.splice(open.indexOf(systemTitle), 1);
    };
  }

  /** How many of them count against one that is to be opened. */
  beside(association: Association): number {
    if (association.security.mechanism !== 0) return this.#open.get(association)?.length ?? 0;
    let count = 0;
    for (const [other, open] of this.#open) if (other.security.mechanism === 0) count += open.length;
    return count;
  }

  isOpen(association: Association): boolean {
    return (this.#open.get(association)?.length ?? 0) > 0;
  }

  /** The client that opened it last; undefined: none has, or it told none. */
  clientSystemTitle(association: Association): Uint8Array | undefined {
    return this.#open.get(association)?.at(-1);
  }
}
