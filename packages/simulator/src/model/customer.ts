import { Fault } from "@dlmskit/core";
import { LoadProfileTemplate, type VariationCustomer } from "@dlmskit/storage";

/** A row as it stands in a list: rows that were read from a store have an id. */
type Row = LoadProfileTemplate & { readonly id?: number };

const nobody: VariationCustomer = {};

/**
 * The customer of a list of rows: that of the row that has one. Fault `bad-load-profile` if two rows describe different customers; its
 * path is table, id, column and the place in the JSON.
 */
export function customerOf(rows: readonly Row[]): VariationCustomer {
  let found: VariationCustomer | undefined;
  let owner: Row | undefined;
  for (const row of rows) {
    if (row.variationPattern.version !== 2) continue;
    const { customer } = row.variationPattern;
    if (customer === undefined) continue;
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(customer)) {
      const other = owner?.id === undefined ? `the row ${owner?.season} ${owner?.dayType}` : `id ${owner.id}`;
      const fault = new Fault("bad-load-profile", `the customer differs from that of ${other}`, {
        layer: "simulator",
        hint: "describe the customer in one row of the template, or in the same way in several rows",
      });
      const id = row.id === undefined ? [] : [`id ${row.id}`];
      fault.path.push(LoadProfileTemplate.table, ...id, "variation_pattern", "customer");
      throw fault;
    }
    found ??= customer;
    owner ??= row;
  }
  return found ?? nobody;
}
