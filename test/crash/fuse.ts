/** A place to break: it counts what happens, and after so many steps what hangs on it is dead. */
export class Fuse {
  #left: number;
  #dead = false;
  readonly #last: (() => void)[] = [];

  /** `steps`: how many steps it lives; Infinity for ever. */
  constructor(steps: number) {
    this.#left = steps;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Called once, when it blows. */
  whenBlown(run: () => void): void {
    if (this.#dead) run();
    else this.#last.push(run);
  }

  /** A step; false once it is dead. */
  step(): boolean {
    if (this.#left-- <= 0) this.blow();
    return !this.#dead;
  }

  /** Lives for ever, if it still does. */
  mend(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  blow(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const run of this.#last) run();
  }
}

const never = new Promise<never>(() => undefined);

/**
 * The same contracts for a process that may be killed: before a call, so that nothing was done, or after it, so that it was done
 * and nobody knows. Who calls then hears nothing any more, as a killed process does.
 */
export function mortal<S extends object>(store: S, fuse: Fuse): S {
  return new Proxy(store, {
    get(target, name) {
      const contract = Reflect.get(target, name);
      if (typeof contract !== "object" || contract === null) return contract;
      return new Proxy(contract as Record<string, (...args: unknown[]) => Promise<unknown>>, {
        get: (methods, method: string) => {
          const call = methods[method];
          // What tells of something later (`onEnd`) is no step, and gives at once how to stop it.
          if (typeof call !== "function" || /^on[A-Z]/.test(method)) return call;
          return async (...args: unknown[]) => {
            if (!fuse.step()) return never;
            // As with a real database, others go on meanwhile.
            await new Promise((resolve) => setImmediate(resolve));
            const result = await call.apply(methods, args);
            return fuse.step() ? result : never;
          };
        },
      });
    },
  });
}
