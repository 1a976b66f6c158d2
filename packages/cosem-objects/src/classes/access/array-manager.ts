import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ValueDefinition } from "../common-types.ts";

const ArrayObject = T.structure({ arrayObjectId: T.unsigned, arrayObject: ValueDefinition });
const EntryList = T.structure({ fromIndex: T.longUnsigned, toIndex: T.longUnsigned });
const RetrieveEntries = T.structure({ arrayObjectId: T.unsigned, entryList: EntryList });
const Entry = T.structure({ index: T.longUnsigned, entry: T.any });
const InsertEntry = T.structure({ arrayObjectId: T.unsigned, entry: Entry });

/** Array manager (class 123, version 0; Blue Book 4.4.11): access to single entries of array attributes. */
export const ArrayManager = interfaceClass({
  classId: 123,
  version: 0,
  name: "Array manager",
  attributes: {
    arrayObjectList: { id: 2, type: T.array(ArrayObject), static: true },
  },
  methods: {
    retrieveNumberOfEntries: { id: 1, argument: T.unsigned, result: T.longUnsigned },
    retrieveEntries: { id: 2, argument: RetrieveEntries, result: T.array(T.any) },
    insertEntry: { id: 3, argument: InsertEntry },
    updateEntry: { id: 4, argument: InsertEntry },
    removeEntries: { id: 5, argument: RetrieveEntries },
  },
});
