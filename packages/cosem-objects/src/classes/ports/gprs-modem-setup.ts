import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const Quality = T.structure({
  precedence: T.unsigned,
  delay: T.unsigned,
  reliability: T.unsigned,
  peakThroughput: T.unsigned,
  meanThroughput: T.unsigned,
});
const QualityOfService = T.structure({ default: Quality, requested: Quality });

/** GPRS modem setup (class 45, version 0; Blue Book 4.7.7): access point, PIN and quality of service of a modem. */
export const GprsModemSetup = interfaceClass({
  classId: 45,
  version: 0,
  name: "GPRS modem setup",
  attributes: {
    apn: { id: 2, type: T.octetString, static: true },
    pinCode: { id: 3, type: T.longUnsigned, static: true, access: "w" },
    qualityOfService: { id: 4, type: QualityOfService, static: true },
  },
  methods: {},
});
