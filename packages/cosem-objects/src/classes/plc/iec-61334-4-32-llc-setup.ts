import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const ReplyStatus = T.structure({ lSapSelector: T.unsigned, lengthOfWaitingLSdu: T.unsigned });

const attributes0 = {
  maxFrameLength: { id: 2, type: T.unsigned, static: true },
  replyStatusList: { id: 3, type: T.array(ReplyStatus), static: false },
} as const;

/** S-FSK IEC 61334-4-32 LLC setup (class 55, version 0; Blue Book 4.10.7): the LLC layer of IEC 61334-4-32. */
export const Iec61334432LlcSetup0 = interfaceClass({
  classId: 55,
  version: 0,
  name: "S-FSK IEC 61334-4-32 LLC setup",
  attributes: attributes0,
  methods: {},
  confidence: "low",
});

const attributes1 = {
  ...attributes0,
  maxFrameLength: { id: 2, type: T.longUnsigned, static: true },
} as const;

/** S-FSK IEC 61334-4-32 LLC setup (class 55), version 1. */
export const Iec61334432LlcSetup1 = interfaceClass({
  classId: 55,
  version: 1,
  name: "IEC 61334-4-32 LLC setup",
  attributes: attributes1,
  methods: {},
});
