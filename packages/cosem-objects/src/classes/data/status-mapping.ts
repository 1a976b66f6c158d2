import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const MappingTable = T.structure({
  refTableId: T.unsigned,
  refTableMapping: T.oneOf(T.longUnsigned, T.array(T.longUnsigned)),
});

/** Status mapping (class 63, version 0; Blue Book 4.3.9): a status word and the meaning of its bits, by numbers of a reference table. */
export const StatusMapping = interfaceClass({
  classId: 63,
  version: 0,
  name: "Status mapping",
  attributes: {
    statusWord: {
      id: 2,
      type: T.anyOf(
        "bit-string",
        "double-long-unsigned",
        "octet-string",
        "visible-string",
        "utf8-string",
        "unsigned",
        "long-unsigned",
        "long64-unsigned",
      ),
      static: false,
    },
    mappingTable: { id: 3, type: MappingTable, static: true },
  },
  methods: {},
});
