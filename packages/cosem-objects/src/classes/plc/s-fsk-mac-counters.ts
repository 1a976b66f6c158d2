import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const SynchronizationRegister = T.structure({
  macAddress: T.longUnsigned,
  synchronizationsCounter: T.doubleLongUnsigned,
});
const DesynchronizationListing = T.structure({
  nbPhysicalLayerDesynchronization: T.doubleLongUnsigned,
  nbTimeOutNotAddressedDesynchronization: T.doubleLongUnsigned,
  nbTimeOutFrameNotOkDesynchronization: T.doubleLongUnsigned,
  nbWriteRequestDesynchronization: T.doubleLongUnsigned,
  nbWrongInitiatorDesynchronization: T.doubleLongUnsigned,
});
const BroadcastFramesCounter = T.structure({ sourceMacAddress: T.longUnsigned, frameCounter: T.doubleLongUnsigned });

/** S-FSK MAC counters (class 53, version 0; Blue Book 4.10.6): counters of the S-FSK MAC layer. */
export const SfskMacCounters = interfaceClass({
  classId: 53,
  version: 0,
  name: "S-FSK MAC counters",
  attributes: {
    synchronizationRegister: { id: 2, type: T.array(SynchronizationRegister), static: false },
    desynchronizationListing: { id: 3, type: DesynchronizationListing, static: false },
    broadcastFramesCounter: { id: 4, type: T.array(BroadcastFramesCounter), static: false },
    repetitionsCounter: { id: 5, type: T.doubleLongUnsigned, static: false },
    transmissionsCounter: { id: 6, type: T.doubleLongUnsigned, static: false },
    crcOkFramesCounter: { id: 7, type: T.doubleLongUnsigned, static: false },
    crcNokFramesCounter: { id: 8, type: T.doubleLongUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
