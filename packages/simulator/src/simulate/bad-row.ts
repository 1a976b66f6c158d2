import { Fault } from "@dlmskit/core";
import { columnOf } from "@dlmskit/storage";

/**
 * The Fault for a row that is valid in its table but that the simulator cannot use. `column` is the name in the row (`maxReceivePduSize`).
 */
export function badRow(table: string, id: number, column: string, message: string): Fault {
  const name = columnOf(column);
  const fault = new Fault("bad-row", `${table} id ${id}, ${name}: ${message}`, {
    layer: "simulator",
    hint: "the row was left as it is: correct it in the database, or delete it",
  });
  fault.path.push(table, `id ${id}`, name);
  return fault;
}

/** Runs code that uses one row. A Fault of this code becomes `bad-row` with the row. */
export function namingRow(table: string, id: number, run: () => void): void {
  try {
    run();
  } catch (caught) {
    const column = caught instanceof Fault ? caught.path.at(-1) : undefined;
    throw column === undefined ? caught : badRow(table, id, String(column), (caught as Fault).message);
  }
}
