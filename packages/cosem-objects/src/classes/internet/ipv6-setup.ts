import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const AddressConfigMode = { autoConfiguration: 0, dhcpv6: 1, manual: 2, neighbourDiscovery: 3 } as const;
export const Ipv6AddressType = { unicast: 0, multicast: 1, gateway: 2 } as const;

const NeighborDiscoverySetup = T.structure({
  rsMaxRetry: T.unsigned,
  rsRetryWaitTime: T.longUnsigned,
  raSendPeriod: T.doubleLongUnsigned,
});
const Ipv6AddressOfType = T.structure({ ipv6AddressType: T.enumOf(Ipv6AddressType), ipv6Address: T.octetString });

/** IPv6 setup (class 48, version 0; Blue Book 4.9.3): addresses of IPv6. */
export const Ipv6Setup = interfaceClass({
  classId: 48,
  version: 0,
  name: "IPv6 setup",
  attributes: {
    dlReference: { id: 2, type: T.logicalName, static: true },
    addressConfigMode: { id: 3, type: T.enumOf(AddressConfigMode), static: true },
    unicastIpv6Addresses: { id: 4, type: T.array(T.octetStringOf(16)) },
    multicastIpv6Addresses: { id: 5, type: T.array(T.octetStringOf(16)) },
    gatewayIpv6Addresses: { id: 6, type: T.array(T.octetStringOf(16)) },
    primaryDnsAddress: { id: 7, type: T.octetStringOf(16), static: true },
    secondaryDnsAddress: { id: 8, type: T.octetStringOf(16), static: true },
    trafficClass: { id: 9, type: T.unsigned, static: true, range: [0, 63] },
    neighborDiscoverySetup: { id: 10, type: T.array(NeighborDiscoverySetup), static: true },
  },
  methods: {
    addIpv6Address: { id: 1, argument: Ipv6AddressOfType },
    removeIpv6Address: { id: 2, argument: Ipv6AddressOfType },
  },
});
