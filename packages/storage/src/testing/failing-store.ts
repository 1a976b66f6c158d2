import { Fault } from "@dlmskit/core";

/** `before`: the call does nothing. `after`: the call does its work, and its caller is told that it failed. */
export const failureTimes = ["before", "after"] as const;
export type FailureTime = (typeof failureTimes)[number];

/**
 * One failure. It is plain data, so that fast-check can choose and shrink it:
 * `fc.array(fc.record({ call: fc.nat(40), when: fc.constantFrom(...failureTimes) }))` is a plan.
 */
export interface StoreFailure {
  /** Which call fails, counted from 0. */
  readonly call: number;
  readonly when: FailureTime;
  /** Only calls of this name are counted (`keeping.commit`); absent: every call of the store. */
  readonly of?: string;
  /** How many calls in a row fail, 1 when absent; `Infinity`: the store is gone for good. */
  readonly times?: number;
}

/** A call that was made to fail. */
export interface FailedCall {
  readonly name: string;
  readonly when: FailureTime;
}

export interface FailingStore<S extends object> {
  readonly store: S;
  /** The names of all calls until now, in order: `counters.reserve` … */
  readonly calls: readonly string[];
  readonly failed: readonly FailedCall[];
  /** No call fails from now on. */
  mend(): void;
}

/** The store itself is opened and closed by the test: only what its contracts do fails. */
const ownNames = new Set<PropertyKey>(["close", Symbol.asyncDispose, "onChange"]);
/** Who only wants to be told of something asks nothing of the database. */
const listens = (key: PropertyKey): boolean => key === "onEnd";

/**
 * The same store, whose methods fail as the plan says: with a Fault `store-unavailable`, before or after their work. Where two
 * failures name one call, the first of the plan counts. A call that fails by itself keeps its own Fault. `close` never fails.
 */
export function failing<S extends object>(store: S, plan: readonly StoreFailure[]): FailingStore<S> {
  const calls: string[] = [];
  const failed: FailedCall[] = [];
  const counts = new Map<string, number>();
  let mended = false;

  const timeOf = (name: string): FailureTime | undefined => {
    const ofAll = calls.length;
    const ofName = counts.get(name) ?? 0;
    calls.push(name);
    counts.set(name, ofName + 1);
    if (mended) return undefined;
    return plan.find(({ of, call, times = 1 }) => {
      if (of !== undefined && of !== name) return false;
      const at = of === undefined ? ofAll : ofName;
      return at >= call && at < call + times;
    })?.when;
  };
  const failure = (name: string, when: FailureTime): Fault => {
    failed.push({ name, when });
    return new Fault("store-unavailable", `${name} was made to fail ${when} its work`, { layer: "storage" });
  };
  const method = (target: object, name: string, call: (...args: unknown[]) => unknown) => {
    return async (...args: unknown[]): Promise<unknown> => {
      const when = timeOf(name);
      if (when === "before") throw failure(name, when);
      const result = await call.apply(target, args);
      if (when === "after") throw failure(name, when);
      return result;
    };
  };
  const contract = (target: object, name: string): object =>
    new Proxy(target, {
      get(_, key) {
        const value = Reflect.get(target, key);
        return typeof value === "function" && typeof key === "string" && !listens(key)
          ? method(target, `${name}.${key}`, value as (...args: unknown[]) => unknown)
          : value;
      },
    });
  const wrapped = new Proxy(store, {
    get(_, key) {
      const value = Reflect.get(store, key);
      if (typeof value === "function") {
        if (typeof key !== "string" || ownNames.has(key)) return value.bind(store);
        return method(store, key, value as (...args: unknown[]) => unknown);
      }
      return typeof value === "object" && value !== null && typeof key === "string" ? contract(value, key) : value;
    },
  });
  return {
    store: wrapped,
    calls,
    failed,
    mend() {
      mended = true;
    },
  };
}
