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

/** Runs code that uses one row. A Fault of this code becomes `bad-row` with the row, the column and the place in the column's JSON. */
export function namingRow(table: string, id: number, run: () => void): void {
  try {
    run();
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.path.length === 0) throw caught;
    // The path may begin with the table and the id.
    const place = caught.path.map(String).filter((step) => step !== table && step !== `id ${id}`);
    const [column = "", ...within] = place;
    const fault = badRow(
      table,
      id,
      column,
      within.length === 0 ? caught.message : `${within.join(".")}: ${caught.message}`,
    );
    fault.path.push(...within);
    throw fault;
  }
}
