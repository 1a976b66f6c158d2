import { attempt, keepsChanges, type MaybePromise } from "@dlmskit/cosem-objects";

/** A refusal whose changes stay (`refuseAndKeep`), as the result of a part of a work that is not undone. */
export class KeptRefusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Runs `run`; a refusal that it throws and whose changes stay is its result. */
export const orKeptRefusal = <T>(run: () => MaybePromise<T>): MaybePromise<T | KeptRefusal> =>
  attempt<T | KeptRefusal>(run, (error) => {
    if (!keepsChanges(error)) throw error;
    return new KeptRefusal(error);
  });

/** The result, or the refusal thrown. */
export function unlessRefused<T>(result: T | KeptRefusal): T {
  if (result instanceof KeptRefusal) throw result.error;
  return result;
}
