/** What a promise is to this package, which waits for nothing itself: a value that comes later. */
export interface Later<T> {
  then<U, V = never>(
    come: (value: T) => U | Later<U>,
    failed?: ((error: unknown) => V | Later<V>) | undefined,
  ): Later<U | V>;
}

/** A value now, or later (a promise): what a hook may give. Without a promise everything that follows stays synchronous. */
export type MaybePromise<T> = T | Later<T>;

/** Whether the value comes later. No COSEM value has a `then`. */
export function isLater<T>(value: MaybePromise<T>): value is Later<T> {
  return typeof value === "object" && value !== null && typeof (value as Later<T>).then === "function";
}

/** Goes on with a value: at once when it is there, when it comes otherwise. */
export function after<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isLater(value) ? value.then(next) : next(value);
}

/** One after another, in order: the results of `step` on each item. Synchronous as long as every step is. */
export function afterEach<T, U>(
  items: readonly T[],
  step: (item: T, at: number) => MaybePromise<U>,
): MaybePromise<U[]> {
  const results: U[] = [];
  const from = (start: number): MaybePromise<U[]> => {
    for (let at = start; at < items.length; at++) {
      const result = step(items[at] as T, at);
      if (isLater(result)) {
        return result.then((value) => {
          results.push(value);
          return from(at + 1);
        });
      }
      results.push(result);
    }
    return results;
  };
  return from(0);
}

/** Runs `run`; what it throws, now or later, goes to `caught`. */
export function attempt<T>(run: () => MaybePromise<T>, caught: (error: unknown) => T): MaybePromise<T> {
  try {
    const value = run();
    return isLater(value) ? value.then((now) => now, caught) : value;
  } catch (error) {
    return caught(error);
  }
}
