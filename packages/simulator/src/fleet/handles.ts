/**
 * Objects that are created for an index on request. While the caller keeps a reference to an object, the same object is returned. Objects
 * without a reference are released, except those that were requested last.
 */
export class Handles<H extends WeakKey> {
  readonly #make: (index: number) => H;
  readonly #keepAtMost: number;
  readonly #recent = new Map<number, H>();
  readonly #held = new Map<number, WeakRef<H>>();
  readonly #gone = new FinalizationRegistry<number>((index) => {
    if (this.#held.get(index)?.deref() === undefined) this.#held.delete(index);
  });

  /** `keepAtMost`: how many objects are kept when nobody refers to them. */
  constructor(keepAtMost: number, make: (index: number) => H) {
    this.#keepAtMost = keepAtMost;
    this.#make = make;
  }

  at(index: number): H {
    let handle = this.#recent.get(index) ?? this.#held.get(index)?.deref();
    if (handle === undefined) {
      handle = this.#make(index);
      this.#held.set(index, new WeakRef(handle));
      this.#gone.register(handle, index);
    }
    this.#recent.delete(index);
    if (this.#recent.size >= this.#keepAtMost) this.#recent.delete(this.#recent.keys().next().value as number);
    this.#recent.set(index, handle);
    return handle;
  }

  /** The objects that exist now, by index. */
  *known(): Generator<readonly [number, H], undefined> {
    for (const [index, held] of this.#held) {
      const handle = held.deref();
      if (handle !== undefined) yield [index, handle];
    }
  }

  /** How many objects are kept even if nobody refers to them. */
  get kept(): number {
    return this.#recent.size;
  }
}
