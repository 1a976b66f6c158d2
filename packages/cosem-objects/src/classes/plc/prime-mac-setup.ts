import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** PRIME NB OFDM PLC MAC setup (class 82, version 0; Blue Book 4.12.6): parameters of the PRIME MAC layer. */
export const PrimeMacSetup = interfaceClass({
  classId: 82,
  version: 0,
  name: "PRIME NB OFDM PLC MAC setup",
  attributes: {
    macMinSwitchSearchTime: { id: 2, type: T.unsigned, static: true },
    macMaxPromotionPdu: { id: 3, type: T.unsigned, static: true },
    macPromotionPduTxPeriod: { id: 4, type: T.unsigned, static: true },
    macBeaconsPerFrame: { id: 5, type: T.unsigned, static: true },
    macScpMaxTxAttempts: { id: 6, type: T.unsigned, static: true },
    macCtlReTxTimer: { id: 7, type: T.unsigned, static: true },
    macMaxCtlReTx: { id: 8, type: T.unsigned, static: true },
  },
  methods: {},
});
