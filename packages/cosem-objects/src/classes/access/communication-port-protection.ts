import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const PortProtectionMode = { locked: 0, lockedOnFailedAttempts: 1, unlocked: 2 } as const;
export const PortProtectionStatus = { unlocked: 0, temporarilyLocked: 1, locked: 2 } as const;

const PortLock = T.structure({
  /** The number of lock-outs since the last success or reset. */
  lockouts: T.doubleLongUnsigned,
  /** The instant at which it ends, ms since 1970 UTC of the meter's clock. */
  until: T.long64,
});

/** Communication port protection (class 124, version 0; Blue Book 4.4.12): locks a port after failed attempts. */
export const CommunicationPortProtection = interfaceClass({
  classId: 124,
  version: 0,
  name: "Communication port protection",
  attributes: {
    protectionMode: { id: 2, type: T.enumOf(PortProtectionMode), static: true },
    allowedFailedAttempts: { id: 3, type: T.longUnsigned, static: true },
    initialLockoutTime: { id: 4, type: T.doubleLongUnsigned, static: true, unit: "s" },
    steepnessFactor: { id: 5, type: T.unsigned, static: true },
    maxLockoutTime: { id: 6, type: T.doubleLongUnsigned, static: true, unit: "s" },
    portReference: { id: 7, type: T.logicalName, static: true },
    protectionStatus: { id: 8, type: T.enumOf(PortProtectionStatus), static: false },
    failedAttempts: { id: 9, type: T.doubleLongUnsigned, static: false },
    cumulativeFailedAttempts: { id: 10, type: T.doubleLongUnsigned, static: false },
    /** The current lock-out, or the last one, after which a single attempt is allowed. */
    state: { id: 0, type: PortLock, optional: true },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
