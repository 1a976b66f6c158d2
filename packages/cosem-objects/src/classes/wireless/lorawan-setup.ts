import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** LoRaWAN setup (class 128, version 0; Blue Book 4.16): a LoRaWAN device. */
export const LorawanSetup = interfaceClass({
  classId: 128,
  version: 0,
  name: "LoRaWAN setup",
  attributes: {
    class: { id: 2, type: T.enum, static: false },
    state: { id: 3, type: T.enum, static: false },
    maxTransmitEirpSetting: { id: 4, type: T.integer, static: true },
    adrMode: { id: 5, type: T.boolean, static: false },
    regionalParameters: { id: 6, type: T.enum, static: false },
    deviceOperation: { id: 7, type: T.anyOf("structure"), static: false },
    modemVersions: { id: 8, type: T.anyOf("structure"), static: true },
    devAddr: { id: 9, type: T.doubleLongUnsigned, static: false },
    joinStrategy: { id: 10, type: T.enum, static: false },
    multicastsParameters: { id: 11, type: T.array(T.any), static: false },
  },
  methods: {
    disconnectFromNetwork: { id: 1, argument: T.any },
    changeClass: { id: 2, argument: T.any },
    changeRegion: { id: 3, argument: T.any },
  },
  confidence: "medium",
});
