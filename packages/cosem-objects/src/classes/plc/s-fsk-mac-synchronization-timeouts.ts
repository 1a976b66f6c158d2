import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** S-FSK MAC synchronization timeouts (class 52, version 0; Blue Book 4.10.5): times after which the server looks for another initiator. */
export const SfskMacSynchronizationTimeouts = interfaceClass({
  classId: 52,
  version: 0,
  name: "S-FSK MAC synchronization timeouts",
  attributes: {
    searchInitiatorTimeout: { id: 2, type: T.longUnsigned, static: true, unit: "s" },
    synchronizationConfirmationTimeout: { id: 3, type: T.longUnsigned, static: true, unit: "s" },
    timeOutNotAddressed: { id: 4, type: T.longUnsigned, static: true, unit: "min" },
    timeOutFrameNotOk: { id: 5, type: T.longUnsigned, static: true, unit: "s" },
  },
  methods: {},
});
