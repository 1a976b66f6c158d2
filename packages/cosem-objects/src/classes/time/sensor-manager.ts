import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ActionItem, SimpleData, ValueDefinition } from "../common-types.ts";
import { noUnit, ScalerUnit } from "../data/register.ts";

/** The confidence of these values is low. */
export const SensorOutputType = {
  notSpecified: 0,
  "4 to 20 mA": 1,
  "0 to 20 mA": 2,
  "0 to 5 V": 3,
  "0 to 10 V": 4,
  pt100: 5,
  pt500: 6,
  pt1000: 7,
} as const;
/** The confidence of these values is low. */
export const SealingMethod = { none: 0, mechanical: 1, electronic: 2, software: 3 } as const;

const ActionSet = T.structure({ actionUp: ActionItem, actionDown: ActionItem });

/** Sensor manager (class 67, version 0; Blue Book 4.5.11): a sensor with its raw and processed value and their thresholds. */
export const SensorManager = interfaceClass({
  classId: 67,
  version: 0,
  name: "Sensor manager",
  attributes: {
    serialNumber: { id: 2, type: T.octetString, static: false },
    metrologicalIdentification: { id: 3, type: T.octetString, static: false },
    outputType: { id: 4, type: T.enumOf(SensorOutputType), static: false },
    adjustmentMethod: { id: 5, type: T.octetString, static: false },
    sealingMethod: { id: 6, type: T.enumOf(SealingMethod), static: false },
    rawValue: { id: 7, type: SimpleData, static: false },
    scalerUnit: { id: 8, type: ScalerUnit, static: false, default: noUnit },
    status: { id: 9, type: SimpleData, static: false },
    captureTime: { id: 10, type: T.dateTime, static: false },
    rawValueThresholds: { id: 11, type: T.array(SimpleData), static: false },
    rawValueActions: { id: 12, type: T.array(ActionSet), static: false },
    processedValue: { id: 13, type: ValueDefinition, static: false },
    processedValueThresholds: { id: 14, type: T.array(SimpleData), static: false },
    processedValueActions: { id: 15, type: T.array(ActionSet), static: false },
    /** Whether each value was above each of its thresholds when it was last evaluated. */
    state: { id: 0, type: T.structure({ raw: T.array(T.boolean), processed: T.array(T.boolean) }), optional: true },
  },
  methods: {
    reset: { id: 1, argument: T.any },
  },
});
