import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const ExecWeekday = {
  monday: 0,
  tuesday: 1,
  wednesday: 2,
  thursday: 3,
  friday: 4,
  saturday: 5,
  sunday: 6,
} as const;

const ScheduleEntry = T.structure({
  index: T.longUnsigned,
  enable: T.boolean,
  scriptLogicalName: T.logicalName,
  scriptSelector: T.longUnsigned,
  switchTime: T.timeOctets,
  validityWindow: T.longUnsigned,
  execWeekdays: T.bitStringOf(7),
  execSpecdays: T.bitString,
  beginDate: T.dateOctets,
  endDate: T.dateOctets,
});
const IndexRanges = T.structure({
  firstIndexA: T.longUnsigned,
  lastIndexA: T.longUnsigned,
  firstIndexB: T.longUnsigned,
  lastIndexB: T.longUnsigned,
});
const IndexRange = T.structure({ firstIndex: T.longUnsigned, lastIndex: T.longUnsigned });

/** Schedule (class 10, version 0; Blue Book 4.5.3): scripts to run by time, weekday and special day. */
export const Schedule = interfaceClass({
  classId: 10,
  version: 0,
  name: "Schedule",
  attributes: {
    entries: { id: 2, type: T.array(ScheduleEntry), static: true, bits: ExecWeekday },
  },
  methods: {
    enableDisable: { id: 1, argument: IndexRanges },
    insert: { id: 2, argument: ScheduleEntry },
    delete: { id: 3, argument: IndexRange },
  },
  methodOffset: 0x20,
});
