import type { LogicalName } from "@dlmskit/core";
import { logicalName } from "@dlmskit/core";
import {
  CommunicationPortProtection,
  PortProtectionMode as Mode,
  PortProtectionStatus as Status,
} from "../classes/access/communication-port-protection.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { type AnyObject, type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";

type ProtectionValues = Values<typeof CommunicationPortProtection>;

export interface PortProtectionOptions {
  /** 0 locked, 1 locked after failed attempts, 2 never locked; 1 by default. */
  readonly mode?: ProtectionValues["protectionMode"];
  /** The port is locked after this number of failed attempts in a row; 3 by default. */
  readonly allowedFailedAttempts?: number;
  /** The duration of the first lock-out, seconds; 60 by default. */
  readonly initialLockoutTime?: number;
  /** The factor by which each lock-out is longer than the previous one; 2 by default. */
  readonly steepnessFactor?: number;
  /** The maximum duration of a lock-out, seconds; 3600 by default. */
  readonly maxLockoutTime?: number;
  /** The object that sets up the port. */
  readonly portReference: LogicalName;
}

/**
 * Locks a port after failed attempts to open an association over it (class 124; Blue Book 4.4.12). Lock-out k takes min(max, initial ×
 * steepness^(k-1)). After it one attempt is allowed; if it fails, the port is locked again. `reset` and a successful attempt start again
 * from the beginning. The duration is elapsed time, which clock settings do not affect; after a power failure a lock-out starts again with
 * its full duration.
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

/** Ends the lock-out, as far as the mode allows it. */
function release(values: ProtectionValues): void {
  values.protectionStatus = values.protectionMode === Mode.locked ? Status.locked : Status.unlocked;
  values.state = { lockouts: 0, until: 0n };
}

/**
 * Whether an object protects its port. An object of the class that was not made by `communicationPortProtection` only has its attributes.
 */
export const protectsPort = ({ hooks }: AnyObject): boolean => hooks.time === lockouts;

/** Whether no association can be opened over the port now. */
export const isPortLocked = ({ protectionStatus }: Readonly<ProtectionValues>): boolean =>
  protectionStatus !== Status.unlocked;

/** A client failed to authenticate over the port. `elapsed`: as `Context.elapsed`, ms. */
export function portAttemptFailed(values: ProtectionValues, elapsed: number): void {
  values.failedAttempts = Math.min(values.failedAttempts + 1, mostCounted);
  values.cumulativeFailedAttempts = Math.min(values.cumulativeFailedAttempts + 1, mostCounted);
  if (values.protectionMode !== Mode.lockedOnFailedAttempts || isPortLocked(values)) return;
  const before = values.state?.lockouts ?? 0;
  if (before === 0 && values.failedAttempts < values.allowedFailedAttempts) return;
  lock(values, before + 1, elapsed);
}

/** A client authenticated over the port. */
export function portAttemptSucceeded(values: ProtectionValues): void {
  if (values.failedAttempts === 0) return;
  values.failedAttempts = 0;
  values.state = { lockouts: 0, until: 0n };
}

const mostCounted = 0xffffffff;

function lock(values: ProtectionValues, lockouts: number, elapsed: number): void {
  const { initialLockoutTime, steepnessFactor, maxLockoutTime } = values;
  const seconds = Math.min(maxLockoutTime, initialLockoutTime * steepnessFactor ** (lockouts - 1));
  values.protectionStatus = Status.temporarilyLocked;
  values.state = { lockouts, until: BigInt(Math.ceil(elapsed + seconds * 1000)) };
}

const isLockedOut = ({ protectionStatus }: Readonly<ProtectionValues>): boolean =>
  protectionStatus === Status.temporarilyLocked;

const lockouts: Timeline<ProtectionValues, Context, TimeContext> = {
  missed: "each",
  next(values, { clockAt }, after) {
    return isLockedOut(values) ? Math.max(clockAt(Number(values.state?.until)), after + 1) : undefined;
  },
  run(values, { elapsed }) {
    if (isLockedOut(values) && elapsed >= Number(values.state?.until)) values.protectionStatus = Status.unlocked;
  },
  poweredUp(values, { elapsed }) {
    if (isLockedOut(values)) lock(values, values.state?.lockouts ?? 1, elapsed);
  },
};
