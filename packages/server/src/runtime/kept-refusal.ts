import { attempt, keepsChanges, type MaybePromise } from "@dlmskit/cosem-objects";

/** A refusal whose changes are kept (`refuseAndKeep`): the result of a part of a work that is not undone. */
export class KeptRefusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Runs `run`. If it throws a refusal whose changes are kept, that refusal is the result. */
export const orKeptRefusal = <T>(run: () => MaybePromise<T>): MaybePromise<T | KeptRefusal> =>
  attempt<T | KeptRefusal>(run, (error) => {
    if (!keepsChanges(error)) throw error;
    return new KeptRefusal(error);
  });

/** Returns the result, or throws the refusal. */
export function unlessRefused<T>(result: T | KeptRefusal): T {
  if (result instanceof KeptRefusal) throw result.error;
  return result;
}
