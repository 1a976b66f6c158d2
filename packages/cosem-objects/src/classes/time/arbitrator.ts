import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ActionItem } from "../common-types.ts";

const RequestAction = T.structure({ requestActor: T.unsigned, requestActionList: T.bitString });

/** Arbitrator (class 68, version 0; Blue Book 4.5.12): selects one of several actions by the weights of the actors that request it. */
export const Arbitrator = interfaceClass({
  classId: 68,
  version: 0,
  name: "Arbitrator",
  attributes: {
    actions: { id: 2, type: T.array(ActionItem), static: true },
    permissionsTable: { id: 3, type: T.array(T.bitString), static: true },
    weightingsTable: { id: 4, type: T.array(T.array(T.longUnsigned)), static: true },
    mostRecentRequestsTable: { id: 5, type: T.array(T.bitString), static: false },
    lastOutcome: { id: 6, type: T.unsigned, static: false },
  },
  methods: {
    requestAction: { id: 1, argument: RequestAction, mandatory: true },
    reset: { id: 2, argument: T.integer },
  },
});
