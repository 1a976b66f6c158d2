import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const CoapTransportMode = {
  reliableOperation: 1,
  unreliableOperation: 2,
  reliableAndUnreliableOperation: 3,
} as const;

/** CoAP setup (class 152, version 0; Blue Book 4.9.8): times and limits of CoAP. */
export const CoapSetup = interfaceClass({
  classId: 152,
  version: 0,
  name: "CoAP setup",
  attributes: {
    udpReference: { id: 2, type: T.logicalName, static: true },
    ackTimeout: { id: 3, type: T.longUnsigned, static: true },
    ackRandomFactor: { id: 4, type: T.longUnsigned, static: true },
    maxRetransmit: { id: 5, type: T.longUnsigned, static: true },
    nstart: { id: 6, type: T.longUnsigned, static: true },
    delayAckTimeout: { id: 7, type: T.longUnsigned, static: true },
    exponentialBackOff: { id: 8, type: T.longUnsigned, static: true },
    probingRate: { id: 9, type: T.longUnsigned, static: true },
    coapUriPath: { id: 10, type: T.octetString, static: true },
    transportMode: { id: 11, type: T.enumOf(CoapTransportMode), static: true },
    wrapperVersion: { id: 12, type: T.any, static: true },
    tokenLength: { id: 13, type: T.unsigned, static: true },
  },
  methods: {},
});
