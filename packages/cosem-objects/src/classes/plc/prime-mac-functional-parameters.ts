import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const PrimeMacState = { disconnected: 0, terminal: 1, switch: 2, base: 3 } as const;
export const PrimeMacCapability = {
  switchCapable: 0,
  packetAggregation: 1,
  contentionFreePeriod: 2,
  directConnection: 3,
  multicast: 4,
  phyRobustnessManagement: 5,
  arq: 6,
  directConnectionSwitching: 8,
  multicastSwitchingCapability: 9,
  phyRobustnessManagementSwitchingCapability: 10,
  arqBufferingSwitchingCapability: 11,
} as const;

/** PRIME NB OFDM PLC MAC functional parameters (class 83, version 0; Blue Book 4.12.7): how the PRIME node takes part in its network. */
export const PrimeMacFunctionalParameters = interfaceClass({
  classId: 83,
  version: 0,
  name: "PRIME NB OFDM PLC MAC functional parameters",
  attributes: {
    macLnid: { id: 2, type: T.long, static: false },
    macLsid: { id: 3, type: T.unsigned, static: false },
    macSid: { id: 4, type: T.unsigned, static: false },
    macSna: { id: 5, type: T.octetString, static: false },
    macState: { id: 6, type: T.enumOf(PrimeMacState), static: false },
    macScpLength: { id: 7, type: T.long, static: false },
    macNodeHierarchyLevel: { id: 8, type: T.unsigned, static: false },
    macBeaconSlotCount: { id: 9, type: T.unsigned, static: false },
    macBeaconRxSlot: { id: 10, type: T.unsigned, static: false },
    macBeaconTxSlot: { id: 11, type: T.unsigned, static: false },
    macBeaconRxFrequency: { id: 12, type: T.unsigned, static: false },
    macBeaconTxFrequency: { id: 13, type: T.unsigned, static: false },
    macCapabilities: { id: 14, type: T.longUnsigned, static: false, bits: PrimeMacCapability },
  },
  methods: {},
});
