import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 8802-2 LLC Type 1 setup (class 57, version 0; Blue Book 4.11.2): ISO/IEC 8802-2 LLC in operation type 1. */
export const LlcType1Setup = interfaceClass({
  classId: 57,
  version: 0,
  name: "ISO/IEC 8802-2 LLC Type 1 setup",
  attributes: {
    maxOctetsUiPdu: { id: 2, type: T.longUnsigned, static: true, default: 128 },
  },
  methods: {},
});
