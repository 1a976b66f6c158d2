import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** PRIME NB OFDM PLC Physical layer counters (class 81, version 0; Blue Book 4.12.5): counters of the PRIME physical layer. */
export const PrimePhysicalLayerCounters = interfaceClass({
  classId: 81,
  version: 0,
  name: "PRIME NB OFDM PLC Physical layer counters",
  attributes: {
    phyStatsCrcIncorrectCount: { id: 2, type: T.longUnsigned, static: false },
    phyStatsCrcFailCount: { id: 3, type: T.longUnsigned, static: false },
    phyStatsTxDropCount: { id: 4, type: T.longUnsigned, static: false },
    phyStatsRxDropCount: { id: 5, type: T.longUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
