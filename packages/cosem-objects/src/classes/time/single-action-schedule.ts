import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ActionItem } from "../common-types.ts";

export const SingleActionType = {
  once: 1,
  sameTimeNoWildcards: 2,
  sameTime: 3,
  anyTimeNoWildcards: 4,
  anyTime: 5,
} as const;

const ExecutionTime = T.structure({ time: T.timeOctets, date: T.dateOctets });

/** Single action schedule (class 22, version 0; Blue Book 4.5.7): one script, run at listed dates and times. */
export const SingleActionSchedule = interfaceClass({
  classId: 22,
  version: 0,
  name: "Single action schedule",
  attributes: {
    executedScript: { id: 2, type: ActionItem, static: true },
    type: { id: 3, type: T.enumOf(SingleActionType), static: true },
    executionTime: { id: 4, type: T.array(ExecutionTime), static: true },
    /** The execution times that occur only once and have been executed: their places in the array, from 0. */
    state: { id: 0, type: T.array(T.longUnsigned), optional: true },
  },
  methods: {},
});
