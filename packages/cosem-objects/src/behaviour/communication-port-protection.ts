import type { LogicalName } from "@dlmskit/core";
import { logicalName } from "@dlmskit/core";
import {
  CommunicationPortProtection,
  PortProtectionMode as Mode,
  PortProtectionStatus as Status,
} from "../classes/access/communication-port-protection.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { type AnyObject, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";

type ProtectionValues = Values<typeof CommunicationPortProtection>;

export interface PortProtectionOptions {
  /** 0 locked, 1 locked after failed attempts, 2 never locked; 1 unless told otherwise. */
  readonly mode?: ProtectionValues["protectionMode"];
  /** After so many failed attempts in a row the port locks; 3 unless told otherwise. */
  readonly allowedFailedAttempts?: number;
  /** Seconds that the first lock-out lasts; 60 unless told otherwise. */
  readonly initialLockoutTime?: number;
  /** By how much each lock-out is longer than the one before; 2 unless told otherwise. */
  readonly steepnessFactor?: number;
  /** Seconds that a lock-out lasts at most; 3600 unless told otherwise. */
  readonly maxLockoutTime?: number;
  /** The object that sets up the port. */
  readonly portReference: LogicalName;
}

/**
 * Locks a port after failed attempts to open an association over it (class 124; Blue Book 4.4.12). Lock-out k lasts
 * min(max, initial × steepness^(k-1)); after it one attempt is allowed, and locks the port again if it fails. `reset` and a
 * successful attempt start anew. After a power failure, and when the clock is set, a lock-out lasts its whole time again.
 */
export function communicationPortProtection(
  instance: LogicalName,
  options: PortProtectionOptions,
  hooks: Hooks<typeof CommunicationPortProtection> = {},
): CosemObject<typeof CommunicationPortProtection> {
  const { mode = Mode.lockedOnFailedAttempts } = options;
  return object(
    CommunicationPortProtection,
    instance,
    {
      protectionMode: mode,
      allowedFailedAttempts: options.allowedFailedAttempts ?? 3,
      initialLockoutTime: options.initialLockoutTime ?? 60,
      steepnessFactor: options.steepnessFactor ?? 2,
      maxLockoutTime: options.maxLockoutTime ?? 3600,
      portReference: logicalName(options.portReference),
      protectionStatus: mode === Mode.locked ? Status.locked : Status.unlocked,
      failedAttempts: 0,
      cumulativeFailedAttempts: 0,
    },
    {
      time: lockouts,
      ...hooks,
      write: {
        protectionMode(values, written) {
          values.protectionMode = written;
          release(values);
        },
        ...hooks.write,
      },
      invoke: {
        reset(values) {
          values.failedAttempts = 0;
          release(values);
        },
        ...hooks.invoke,
      },
    },
  );
}

/** No lock-out, as far as the mode allows. */
function release(values: ProtectionValues): void {
  values.protectionStatus = values.protectionMode === Mode.locked ? Status.locked : Status.unlocked;
  values.state = { lockouts: 0, until: 0n };
}

/** Whether an object protects its port: an object of the class that was made otherwise only has its attributes. */
export const protectsPort = ({ hooks }: AnyObject): boolean => hooks.time === lockouts;

/** Whether nobody may open anything over the port now. */
export const isPortLocked = ({ protectionStatus }: Readonly<ProtectionValues>): boolean =>
  protectionStatus !== Status.unlocked;

/** A client failed to authenticate over the port. `now`: ms since 1970 UTC of the meter's clock. */
export function portAttemptFailed(values: ProtectionValues, now: number): void {
  values.failedAttempts = Math.min(values.failedAttempts + 1, mostCounted);
  values.cumulativeFailedAttempts = Math.min(values.cumulativeFailedAttempts + 1, mostCounted);
  if (values.protectionMode !== Mode.lockedOnFailedAttempts || isPortLocked(values)) return;
  const before = values.state?.lockouts ?? 0;
  if (before === 0 && values.failedAttempts < values.allowedFailedAttempts) return;
  lock(values, before + 1, now);
}

/** A client authenticated over the port. */
export function portAttemptSucceeded(values: ProtectionValues): void {
  if (values.failedAttempts === 0) return;
  values.failedAttempts = 0;
  values.state = { lockouts: 0, until: 0n };
}

const mostCounted = 0xffffffff;

function lock(values: ProtectionValues, lockouts: number, now: number): void {
  const { initialLockoutTime, steepnessFactor, maxLockoutTime } = values;
  const seconds = Math.min(maxLockoutTime, initialLockoutTime * steepnessFactor ** (lockouts - 1));
  values.protectionStatus = Status.temporarilyLocked;
  values.state = { lockouts, until: BigInt(Math.ceil(now + seconds * 1000)) };
}

const isLockedOut = ({ protectionStatus }: Readonly<ProtectionValues>): boolean =>
  protectionStatus === Status.temporarilyLocked;

const again = (values: Readonly<ProtectionValues>, from: number): number[] => (isLockedOut(values) ? [from] : []);

const lockouts: Timeline<ProtectionValues, { readonly now: number }, TimeContext> = {
  missed: "each",
  next(values, _, after) {
    if (!isLockedOut(values)) return undefined;
    return Math.max(Number(values.state?.until), after + 1);
  },
  run(values, { now }, at) {
    if (!isLockedOut(values) || values.state === undefined) return;
    if (at < Number(values.state.until)) lock(values, values.state.lockouts, now);
    else values.protectionStatus = Status.unlocked;
  },
  // A duration is not a matter of the clock: it begins anew.
  moved: (values, _, from, to) => again(values, Math.min(from, to, Number(values.state?.until) - 1)),
  restored: (values, _, from) => again(values, Math.min(from, Number(values.state?.until) - 1)),
};
