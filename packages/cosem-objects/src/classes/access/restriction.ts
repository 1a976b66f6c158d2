import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { CaptureObject } from "../../profile/selective-access.ts";

/** The kind of a restriction of the rows of a profile. */
export const RestrictionType = { none: 0, restrictionByDate: 1, restrictionByEntry: 2 } as const;

/** The value of a restriction by date. */
export const RestrictionByDate = T.structure({ fromDate: T.dateTimeOctets, toDate: T.dateTimeOctets });
export type RestrictionByDate = Of<typeof RestrictionByDate>;
/** The value of a restriction by entry. */
export const RestrictionByEntry = T.structure({ fromEntry: T.doubleLongUnsigned, toEntry: T.doubleLongUnsigned });
export type RestrictionByEntry = Of<typeof RestrictionByEntry>;

/** The value is null, a RestrictionByDate or a RestrictionByEntry, depending on the type. */
export const Restriction = T.structure({
  restrictionType: T.enumOf(RestrictionType),
  restrictionValue: T.oneOf(T.nullData, RestrictionByDate, RestrictionByEntry),
});
export type Restriction = Of<typeof Restriction>;

const captured = {
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  attributeId: T.integer,
  dataIndex: T.longUnsigned,
};
/** An attribute, and the selected rows. */
export const RestrictedObject = T.structure({ ...captured, restriction: Restriction });
export type RestrictedObject = Of<typeof RestrictedObject>;
/** An attribute, the selected rows, and the selected columns of these rows. */
export const RestrictedColumns = T.structure({
  ...captured,
  restriction: Restriction,
  columns: T.array(CaptureObject),
});
export type RestrictedColumns = Of<typeof RestrictedColumns>;
