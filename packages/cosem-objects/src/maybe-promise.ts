/** A promise as this package sees it: a value that comes later. The package itself does not wait for anything. */
export interface Later<T> {
  then<U, V = never>(
    come: (value: T) => U | Later<U>,
    failed?: ((error: unknown) => V | Later<V>) | undefined,
  ): Later<U | V>;
}

/** A value now, or later (a promise): what a hook may return. Without a promise everything that follows stays synchronous. */
export type MaybePromise<T> = T | Later<T>;

/** Whether the value comes later. No COSEM value has a `then`. */
export function isLater<T>(value: MaybePromise<T>): value is Later<T> {
  return typeof value === "object" && value !== null && typeof (value as Later<T>).then === "function";
}

/** Calls `next` with a value: immediately if the value is there, otherwise when it comes. */
export function after<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isLater(value) ? value.then(next) : next(value);
}

/** Calls `step` for each item, one after another, and returns the results in order. It is synchronous if every step is synchronous. */
export function afterEach<T, U>(
  items: readonly T[],
  step: (item: T, at: number) => MaybePromise<U>,
): MaybePromise<U[]> {
  if (items.length === 1) {
    const only = step(items[0] as T, 0);
    return isLater(only) ? only.then((value) => [value]) : [only];
  }
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

/** Calls `run`; an error that it throws, now or later, is passed to `caught`. */
export function attempt<T>(run: () => MaybePromise<T>, caught: (error: unknown) => T): MaybePromise<T> {
  try {
    const value = run();
    return isLater(value) ? value.then((now) => now, caught) : value;
  } catch (error) {
    return caught(error);
  }
}
