import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ActionItem, SimpleData, ValueDefinition } from "../common-types.ts";

/** Limiter (class 71, version 0; Blue Book 4.5.9); thresholds have the type of the monitored value. */
export const Limiter = interfaceClass({
  classId: 71,
  version: 0,
  name: "Limiter",
  attributes: {
    /** Whether the last action was the one for over the threshold; whether a timer runs, and since when, ms of `Context.elapsed`. */
    state: {
      id: 0,
      type: T.structure({ over: T.boolean, timerRuns: T.boolean, since: T.float64 }),
      optional: true,
    },
    monitoredValue: { id: 2, type: ValueDefinition, static: true, access: "r" },
    thresholdActive: { id: 3, type: SimpleData, static: false },
    thresholdNormal: { id: 4, type: SimpleData, static: true },
    thresholdEmergency: { id: 5, type: SimpleData, static: true },
    minOverThresholdDuration: { id: 6, type: T.doubleLongUnsigned, static: true, unit: "s" },
    minUnderThresholdDuration: { id: 7, type: T.doubleLongUnsigned, static: true, unit: "s" },
    emergencyProfile: {
      id: 8,
      type: T.structure({
        emergencyProfileId: T.longUnsigned,
        emergencyActivationTime: T.dateTimeOctets,
        emergencyDuration: T.doubleLongUnsigned,
      }),
      static: true,
    },
    emergencyProfileGroupIdList: { id: 9, type: T.array(T.longUnsigned), static: true },
    emergencyProfileActive: { id: 10, type: T.boolean, static: false },
    actions: {
      id: 11,
      type: T.structure({ actionOverThreshold: ActionItem, actionUnderThreshold: ActionItem }),
      static: true,
    },
  },
  methods: {},
  traits: { actor: "limiter" },
});
