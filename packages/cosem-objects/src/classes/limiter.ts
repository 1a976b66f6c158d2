import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../interface-class.ts";

const Script = T.structure({ scriptLogicalName: T.logicalName, scriptSelector: T.longUnsigned });

/** Limiter (class 71, version 0; Blue Book 4.5.9): attributes only; thresholds have the type of the monitored value. */
export const Limiter = interfaceClass({
  classId: 71,
  version: 0,
  name: "Limiter",
  attributes: {
    monitoredValue: {
      id: 2,
      type: T.structure({ classId: T.longUnsigned, instanceId: T.logicalName, attributeId: T.integer }),
    },
    thresholdActive: { id: 3, type: T.any },
    thresholdNormal: { id: 4, type: T.any, access: "rw" },
    thresholdEmergency: { id: 5, type: T.any, access: "rw" },
    minOverThresholdDuration: { id: 6, type: T.doubleLongUnsigned, access: "rw" },
    minUnderThresholdDuration: { id: 7, type: T.doubleLongUnsigned, access: "rw" },
    emergencyProfile: {
      id: 8,
      type: T.structure({
        emergencyProfileId: T.longUnsigned,
        emergencyActivationTime: T.dateTimeOctets,
        emergencyDuration: T.doubleLongUnsigned,
      }),
      access: "rw",
    },
    emergencyProfileGroupIdList: { id: 9, type: T.array(T.longUnsigned), access: "rw" },
    emergencyProfileActive: { id: 10, type: T.boolean },
    actions: {
      id: 11,
      type: T.structure({ actionOverThreshold: Script, actionUnderThreshold: Script }),
      access: "rw",
    },
  },
  methods: {},
});
