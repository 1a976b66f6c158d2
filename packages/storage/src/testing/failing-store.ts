import { Fault } from "@dlmskit/core";

/** `before`: the call does nothing and fails. `after`: the call does its work, but reports a failure to its caller. */
export const failureTimes = ["before", "after"] as const;
export type FailureTime = (typeof failureTimes)[number];

/**
 * One failure. It is plain data, so that fast-check can choose and shrink it: `fc.array(fc.record({ call: fc.nat(40), when:
 * fc.constantFrom(...failureTimes) }))` is a plan.
 */
export interface StoreFailure {
  /** The number of the call that fails, counted from 0. */
  readonly call: number;
  readonly when: FailureTime;
  /** Only calls of this name are counted (`keeping.commit`). Absent: every call of the store. */
  readonly of?: string;
  /** The number of consecutive calls that fail, 1 if absent. `Infinity`: the store never works again. */
  readonly times?: number;
}

/** A call that was made to fail. */
export interface FailedCall {
  readonly name: string;
  readonly when: FailureTime;
}

export interface FailingStore<S extends object> {
  readonly store: S;
  /** The names of all calls so far, in order: `counters.reserve` … */
  readonly calls: readonly string[];
  readonly failed: readonly FailedCall[];
  /** After this, no call fails. */
  mend(): void;
}

/** The test itself opens and closes the store: only the methods of its contracts fail. */
const ownNames = new Set<PropertyKey>(["close", Symbol.asyncDispose, "onChange"]);
/** Adding a listener does not access the database. */
const listens = (key: PropertyKey): boolean => key === "onEnd";

/**
 * The same store, but its methods fail as planned: with a Fault `store-unavailable`, before or after their work. If two failures are
 * for one call, the first one of the plan is used. A call that fails by itself keeps its own Fault. `close` never fails.
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
