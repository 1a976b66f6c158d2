import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** 61334-4-32 LLC SSCS setup (class 80, version 0; Blue Book 4.12.3): the addresses of a PRIME service node. */
export const LlcSscsSetup = interfaceClass({
  classId: 80,
  version: 0,
  name: "61334-4-32 LLC SSCS setup",
  attributes: {
    serviceNodeAddress: { id: 2, type: T.longUnsigned, static: false },
    baseNodeAddress: { id: 3, type: T.longUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
