import { DataAccessResult, type DataAccessResultName } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";

/**
 * A hook throws this to answer the client with that result: `throw refuse("temporary-failure")`. It is a Fault of the layer "cosem" whose
 * code is the name of the result (Data-Access-Result, IEC 62056-5-3).
 */
export function refuse(result: Exclude<DataAccessResultName, "success">, message?: string): Fault {
  return new Fault(result, message ?? `refused: ${result}`, { layer: "cosem" });
}

/** The result of a thrown refusal; undefined for any other error. */
export function refusalOf(caught: unknown): Exclude<DataAccessResultName, "success"> | undefined {
  if (!(caught instanceof Fault) || caught.layer !== "cosem" || caught.code === "success") return undefined;
  return Object.hasOwn(DataAccessResult, caught.code)
    ? (caught.code as Exclude<DataAccessResultName, "success">)
    : undefined;
}

const keeping = new WeakSet<Fault>();

/**
 * As `refuse`, but the changes that the hook has made so far are kept. It is for a method that has started a long operation
 * (temporary-failure), or whose failure is itself a state of the object.
 */
export function refuseAndKeep(...[result, message]: Parameters<typeof refuse>): Fault {
  const fault = refuse(result, message);
  keeping.add(fault);
  return fault;
}

/** Whether the changes made before that refusal are kept. */
export function keepsChanges(caught: unknown): boolean {
  return caught instanceof Fault && keeping.has(caught);
}
