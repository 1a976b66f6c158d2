import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const SpecialDay = T.structure({ index: T.longUnsigned, specialdayDate: T.dateOctets, dayId: T.unsigned });

/** Special days table (class 11, version 0; Blue Book 4.5.4): days with their own day profile. */
export const SpecialDaysTable = interfaceClass({
  classId: 11,
  version: 0,
  name: "Special days table",
  attributes: {
    entries: { id: 2, type: T.array(SpecialDay), static: true },
  },
  methods: {
    insert: { id: 1, argument: SpecialDay },
    delete: { id: 2, argument: T.longUnsigned },
  },
  methodOffset: 0x10,
});
