import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** Wi-SUN setup (class 95, version 0; Blue Book 4.17): a node of a Wi-SUN network. */
export const WiSunSetup = interfaceClass({
  classId: 95,
  version: 0,
  name: "Wi-SUN setup",
  attributes: {
    networkName: { id: 2, type: T.octetString, static: true },
    routingMethod: { id: 3, type: T.enum, static: false },
    panId: { id: 4, type: T.longUnsigned, static: false },
    discImin: { id: 5, type: T.unsigned, static: true },
    discImax: { id: 6, type: T.unsigned, static: true },
    dataMessageImin: { id: 7, type: T.unsigned, static: true },
    dataMessageImax: { id: 8, type: T.unsigned, static: true },
    defaultDioIntervalMin: { id: 9, type: T.unsigned, static: true },
    defaultDioIntervalDoublings: { id: 10, type: T.unsigned, static: true },
    channelPlan: { id: 11, type: T.anyOf("structure"), static: true },
    channelFunction: { id: 12, type: T.enum, static: true },
    excludedChannels: { id: 13, type: T.any, static: true },
    joinState: { id: 14, type: T.enum, static: false },
    regChannelExclusions: { id: 15, type: T.anyOf("structure"), static: true },
  },
  methods: {
    resetJoinState: { id: 1, argument: T.any },
  },
  confidence: "medium",
});
