import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { SimpleData } from "../common-types.ts";
import { noUnit, ScalerUnit } from "./register.ts";

/** Demand register (class 5, version 0; Blue Book 4.3.4). */
export const DemandRegister = interfaceClass({
  classId: 5,
  version: 0,
  name: "Demand register",
  attributes: {
    /** The sums of each of the last periods, the oldest first, and the reading at the start of the current period. */
    state: { id: 0, type: T.structure({ slots: T.array(T.float64), base: T.float64 }), optional: true },
    currentAverageValue: { id: 2, type: SimpleData, static: false },
    lastAverageValue: { id: 3, type: SimpleData, static: false },
    scalerUnit: { id: 4, type: ScalerUnit, static: true, access: "r", default: noUnit },
    status: { id: 5, type: SimpleData, static: false },
    captureTime: { id: 6, type: T.dateTimeOctets, static: false },
    startTimeCurrent: { id: 7, type: T.dateTimeOctets, static: false },
    period: { id: 8, type: T.doubleLongUnsigned, static: true, access: "r", unit: "s" },
    numberOfPeriods: { id: 9, type: T.longUnsigned, static: true, access: "r" },
  },
  methods: { reset: { id: 1, argument: T.integer }, nextPeriod: { id: 2, argument: T.integer } },
  methodOffset: 0x48,
  traits: {
    scaled: { value: "lastAverageValue", also: ["currentAverageValue"], scalerUnit: "scalerUnit" },
    period: { measuring: "period" },
  },
});
