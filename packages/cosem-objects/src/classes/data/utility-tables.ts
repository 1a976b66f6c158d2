import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** Utility tables (class 26, version 0; Blue Book 4.3.7): a table of ANSI C12.19 as octets. */
export const UtilityTables = interfaceClass({
  classId: 26,
  version: 0,
  name: "Utility tables",
  attributes: {
    tableId: { id: 2, type: T.longUnsigned, static: true },
    length: { id: 3, type: T.doubleLongUnsigned, static: false },
    buffer: { id: 4, type: T.octetString, static: false, selectors: [1, 2] },
  },
  methods: {},
});
