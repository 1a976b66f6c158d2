import { bits, integer } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/**
 * One row gives a client `accessLevel` on some attributes and methods of an object. Several rows can apply together.
 * `accessLevelsOn` collects the levels for one attribute or method.
 */
export const AccessRight = table(
  "access_rights",
  {
    /** The id of the row in obis_codes. */
    objectId: integer(1),
    clientId: integer(0, 0xffff),
    /** Access mode of the Blue Book: Association LN version 0 to 2 as an enumeration, version 3 as bits. */
    accessLevel: integer(0, 255),
    /** The row applies to attribute n if bit n - 1 is set. */
    attributeMask: bits,
    /** The row applies to method n if bit n - 1 is set. */
    methodMask: bits,
  },
  { group: "objectId", references: { objectId: "obis_codes" } },
);
export type AccessRight = RowOf<typeof AccessRight>;

export interface AccessRights extends Rows<AccessRight> {
  /** The rights on the objects of a template. */
  of(template: string): Promise<readonly Stored<AccessRight>[]>;
}

/** The mask with the bits of the attributes or methods `numbers` (1 to 63). */
export function maskOf(...numbers: readonly number[]): bigint {
  let mask = 0n;
  for (const n of numbers) mask |= 1n << BigInt(integer(1, 63).check(n) - 1);
  return mask;
}

/** The numbers of the attributes or methods in a mask. */
export function numbersOf(mask: bigint): readonly number[] {
  const numbers: number[] = [];
  for (let n = 1, rest = mask; rest > 0n; n++, rest >>= 1n) if (rest & 1n) numbers.push(n);
  return numbers;
}

/**
 * The access levels that rows give one client on attribute or method `n`, in the order of the rows. None means no access. The
 * interface class combines several levels (read and write give read-and-write), because this depends on its version.
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
