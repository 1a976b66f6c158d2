import { bits, integer } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/**
 * One row says that a client has `accessLevel` on some attributes and methods of an object; several rows add up.
 * `accessLevelsOn` collects what they say of one attribute or method.
 */
export const AccessRight = table(
  "access_rights",
  {
    /** The id of the row in obis_codes. */
    objectId: integer(1),
    clientId: integer(0, 0xffff),
    /** Access mode of the Blue Book: Association LN version 0 to 2 as an enumeration, version 3 as bits. */
    accessLevel: integer(0, 255),
    /** Attribute n is meant when bit n - 1 is set. */
    attributeMask: bits,
    /** Method n is meant when bit n - 1 is set. */
    methodMask: bits,
  },
  { group: "objectId", references: { objectId: "obis_codes" } },
);
export type AccessRight = RowOf<typeof AccessRight>;

export interface AccessRights extends Rows<AccessRight> {
  /** The rights on the objects of a template. */
  of(template: string): Promise<readonly Stored<AccessRight>[]>;
}

/** The bit of attribute or method `n` (1 to 63) in a mask. */
export function maskOf(...numbers: readonly number[]): bigint {
  let mask = 0n;
  for (const n of numbers) mask |= 1n << BigInt(integer(1, 63).check(n) - 1);
  return mask;
}

/** The numbers of the attributes or methods that a mask names. */
export function numbersOf(mask: bigint): readonly number[] {
  const numbers: number[] = [];
  for (let n = 1, rest = mask; rest > 0n; n++, rest >>= 1n) if (rest & 1n) numbers.push(n);
  return numbers;
}

/**
 * The access levels that rows give one client on attribute or method `n`, in the order of the rows: none means no access.
 * How several add up (read and write make read-and-write) is the interface class's business, as it depends on its version.
 */
export function accessLevelsOn(
  rows: readonly AccessRight[],
  on:
    | { readonly clientId: number; readonly attribute: number }
    | { readonly clientId: number; readonly method: number },
): readonly number[] {
  const bit = maskOf("attribute" in on ? on.attribute : on.method);
  return rows
    .filter(
      (row) => row.clientId === on.clientId && (("attribute" in on ? row.attributeMask : row.methodMask) & bit) !== 0n,
    )
    .map((row) => row.accessLevel);
}
