import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** PRIME NB OFDM PLC Application identification (class 86, version 0; Blue Book 4.12.11): firmware, vendor and product of a PRIME modem. */
export const PrimeApplicationIdentification = interfaceClass({
  classId: 86,
  version: 0,
  name: "PRIME NB OFDM PLC Application identification",
  attributes: {
    firmwareVersion: { id: 2, type: T.octetString, static: true },
    vendorId: { id: 3, type: T.longUnsigned, static: true },
    productId: { id: 4, type: T.longUnsigned, static: true },
  },
  methods: {},
});
