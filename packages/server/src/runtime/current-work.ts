import type { Work } from "./unit-of-work.ts";

/** What of `node:async_hooks` is used: which work code belongs to, also after it has waited. */
interface AsyncStorage<T> {
  run<R>(value: T, run: () => R): R;
  getStore(): T | undefined;
}

interface Builtins {
  readonly process?: {
    getBuiltinModule?(name: string): { AsyncLocalStorage: new () => AsyncStorage<Work> } | undefined;
  };
}

let storage: AsyncStorage<Work> | undefined;
let asked = false;

/** Not in every environment: browsers have none. */
function found(): AsyncStorage<Work> | undefined {
  if (!asked) {
    const hooks = (globalThis as Builtins).process?.getBuiltinModule?.("node:async_hooks");
    if (hooks !== undefined) storage = new hooks.AsyncLocalStorage();
    asked = true;
  }
  return storage;
}

/** Runs code of a work: `currentWork` gives it there, and in what that code waits for. */
export function asWork<T>(work: Work, run: () => T): T {
  const current = found();
  return current === undefined ? run() : current.run(work, run);
}

/** The work whose code runs, directly or after it has waited; undefined: none, or it cannot be told here. */
export const currentWork = (): Work | undefined => found()?.getStore();
