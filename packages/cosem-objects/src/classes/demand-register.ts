import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../interface-class.ts";
import { ScalerUnit } from "./register.ts";

/** Demand register (class 5, version 0; Blue Book 4.3.4): attributes only; the averages are a read hook's business. */
export const DemandRegister = interfaceClass({
  classId: 5,
  version: 0,
  name: "Demand register",
  attributes: {
    currentAverageValue: { id: 2, type: T.any },
    lastAverageValue: { id: 3, type: T.any },
    scalerUnit: { id: 4, type: ScalerUnit },
    status: { id: 5, type: T.any },
    captureTime: { id: 6, type: T.dateTimeOctets },
    startTimeCurrent: { id: 7, type: T.dateTimeOctets },
    /** Seconds. */
    period: { id: 8, type: T.doubleLongUnsigned },
    numberOfPeriods: { id: 9, type: T.longUnsigned },
  },
  methods: { reset: { id: 1, argument: T.integer }, nextPeriod: { id: 2, argument: T.integer } },
  traits: {
    period: { measuring: "period" },
    scaled: { value: "lastAverageValue", also: ["currentAverageValue"], scalerUnit: "scalerUnit" },
  },
});
