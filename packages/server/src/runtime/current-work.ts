import type { Work } from "./unit-of-work.ts";

/** The used part of `node:async_hooks`: it finds the work that code belongs to, also after an `await`. */
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

/** It does not exist in every environment: browsers do not have it. */
function found(): AsyncStorage<Work> | undefined {
  if (!asked) {
    const hooks = (globalThis as Builtins).process?.getBuiltinModule?.("node:async_hooks");
    if (hooks !== undefined) storage = new hooks.AsyncLocalStorage();
    asked = true;
  }
  return storage;
}

/** Runs code of a work. In that code, and in code that it awaits, `currentWork` returns the work. */
export function asWork<T>(work: Work, run: () => T): T {
  const current = found();
  return current === undefined ? run() : current.run(work, run);
}

/** The work of the running code, also after an `await`; undefined: there is none, or this environment cannot determine it. */
export const currentWork = (): Work | undefined => found()?.getStore();
