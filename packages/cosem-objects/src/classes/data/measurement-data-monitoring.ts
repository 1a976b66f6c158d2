import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { noUnit, ScalerUnit } from "../data/register.ts";

export const TriggerOrigin = { remote: 0, localScript: 1 } as const;

const TriggerSource = T.structure({ triggerOrigin: T.enumOf(TriggerOrigin), triggerCause: T.longUnsigned });

/** Measurement data monitoring objects (class 66, version 0; Blue Book 4.3.11): samples of a waveform around a trigger. */
export const MeasurementDataMonitoring = interfaceClass({
  classId: 66,
  version: 0,
  name: "Measurement data monitoring objects",
  attributes: {
    waveformData: { id: 2, type: T.anyOf("compact-array"), static: false },
    triggerTime: { id: 3, type: T.long64Unsigned, static: false, unit: "us" },
    triggerSource: { id: 4, type: TriggerSource, static: false },
    status: { id: 5, type: T.enum, static: false },
    samplingRate: { id: 6, type: T.doubleLongUnsigned, static: true, unit: "samples/s" },
    numberOfSamplesBeforeTrigger: { id: 7, type: T.doubleLongUnsigned, static: true },
    numberOfSamplesAfterTrigger: { id: 8, type: T.doubleLongUnsigned, static: true },
    scalerUnit: { id: 9, type: ScalerUnit, static: true, default: noUnit },
  },
  methods: {
    reset: { id: 1, argument: T.any },
    trigger: { id: 2, argument: T.any },
  },
  confidence: "medium",
});
