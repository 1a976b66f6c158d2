import { DataAccessResult, type DataAccessResultName } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";

/**
 * What a hook throws to answer the client with that result: `throw refuse("temporary-failure")`.
 * A Fault of the layer "cosem" whose code is the result's name (Data-Access-Result, IEC 62056-5-3).
 */
export function refuse(result: Exclude<DataAccessResultName, "success">, message?: string): Fault {
  return new Fault(result, message ?? `refused: ${result}`, { layer: "cosem" });
}

/** The result that a thrown refusal asks for; undefined for any other error. */
export function refusalOf(caught: unknown): Exclude<DataAccessResultName, "success"> | undefined {
  if (!(caught instanceof Fault) || caught.layer !== "cosem" || caught.code === "success") return undefined;
  return Object.hasOwn(DataAccessResult, caught.code)
    ? (caught.code as Exclude<DataAccessResultName, "success">)
    : undefined;
}

const keeping = new WeakSet<Fault>();

/**
 * The same, but what the hook has changed by then stays: for a method that has begun what takes longer than an answer may
 * (temporary-failure), or whose failure is itself a state of the object.
 */
export function refuseAndKeep(...[result, message]: Parameters<typeof refuse>): Fault {
  const fault = refuse(result, message);
  keeping.add(fault);
  return fault;
}

/** Whether what was changed before that refusal stays. */
export function keepsChanges(caught: unknown): boolean {
  return caught instanceof Fault && keeping.has(caught);
}
