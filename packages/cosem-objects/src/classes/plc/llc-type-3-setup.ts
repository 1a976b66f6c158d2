import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 8802-2 LLC Type 3 setup (class 59, version 0; Blue Book 4.11.4): ISO/IEC 8802-2 LLC in operation type 3. */
export const LlcType3Setup = interfaceClass({
  classId: 59,
  version: 0,
  name: "ISO/IEC 8802-2 LLC Type 3 setup",
  attributes: {
    maxOctetsAcnPduN3: { id: 2, type: T.longUnsigned, static: true, default: 128 },
    maxNumberTransmissionsN4: { id: 3, type: T.unsigned, static: true },
    acknowledgementTimeT1: { id: 4, type: T.longUnsigned, static: true, unit: "s" },
    receiveLifetimeVarT2: { id: 5, type: T.longUnsigned, static: true, unit: "s" },
    transmitLifetimeVarT3: { id: 6, type: T.longUnsigned, static: true, unit: "s" },
  },
  methods: {},
});
