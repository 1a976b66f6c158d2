import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const MulticastEntry = T.structure({ mcastEntryLcid: T.integer, mcastEntryMembers: T.long });
const DirectConnection = T.structure({
  dconnEntrySrcSid: T.long,
  dconnEntrySrcLnid: T.long,
  dconnEntrySrcLcid: T.long,
  dconnEntryDstSid: T.long,
  dconnEntryDstLnid: T.long,
  dconnEntryDstLcid: T.long,
  dconnEntryDid: T.octetString,
});
const AvailableSwitch = T.structure({
  slistEntrySna: T.octetString,
  slistEntryLsid: T.long,
  slistEntryLevel: T.integer,
  slistEntryRxLevel: T.integer,
  slistEntryRxSnr: T.integer,
});
const PhyCommunication = T.structure({
  phyCommEui: T.octetString,
  phyCommTxPower: T.integer,
  phyCommTxCoding: T.integer,
  phyCommRxCoding: T.integer,
  phyCommRxLvl: T.integer,
  phyCommSnr: T.integer,
  phyCommTxPowerMod: T.integer,
  phyCommTxCodingMod: T.integer,
  phyCommRxCodingMod: T.integer,
});

/** PRIME NB OFDM PLC MAC network administration data (class 85, version 0; Blue Book 4.12.9): the tables of the PRIME MAC layer. */
export const PrimeMacNetworkAdministrationData = interfaceClass({
  classId: 85,
  version: 0,
  name: "PRIME NB OFDM PLC MAC network administration data",
  attributes: {
    macListMulticastEntries: { id: 2, type: T.array(MulticastEntry), static: false },
    macListSwitchTable: { id: 3, type: T.array(T.long), static: false },
    macListDirectTable: { id: 4, type: T.array(DirectConnection), static: false },
    macListAvailableSwitches: { id: 5, type: T.array(AvailableSwitch), static: false },
    macListPhyComm: { id: 6, type: T.array(PhyCommunication), static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
