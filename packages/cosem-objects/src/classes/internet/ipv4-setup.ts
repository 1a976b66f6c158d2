import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const IpOptionType = {
  recordRoute: 7,
  internetTimestamp: 68,
  security: 130,
  looseSourceAndRecordRoute: 131,
  strictSourceAndRecordRoute: 137,
} as const;

const IpOption = T.structure({ ipOptionType: T.unsigned, ipOptionLength: T.unsigned, ipOptionData: T.octetString });

/** IPv4 setup (class 42, version 0; Blue Book 4.9.2): addresses of IPv4, as numbers. */
export const Ipv4Setup = interfaceClass({
  classId: 42,
  version: 0,
  name: "IPv4 setup",
  attributes: {
    dlReference: { id: 2, type: T.logicalName, static: true },
    ipAddress: { id: 3, type: T.doubleLongUnsigned },
    multicastIpAddress: { id: 4, type: T.array(T.doubleLongUnsigned) },
    ipOptions: { id: 5, type: T.array(IpOption), static: true },
    subnetMask: { id: 6, type: T.doubleLongUnsigned },
    gatewayIpAddress: { id: 7, type: T.doubleLongUnsigned },
    useDhcpFlag: { id: 8, type: T.boolean, static: true },
    primaryDnsAddress: { id: 9, type: T.doubleLongUnsigned },
    secondaryDnsAddress: { id: 10, type: T.doubleLongUnsigned },
  },
  methods: {
    addMcIpAddress: { id: 1, argument: T.doubleLongUnsigned },
    deleteMcIpAddress: { id: 2, argument: T.doubleLongUnsigned },
    getNbofMcIpAddresses: { id: 3, argument: T.integer, result: T.longUnsigned },
  },
  methodOffset: 0x60,
});
