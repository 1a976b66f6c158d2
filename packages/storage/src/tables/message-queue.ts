import { instant, integer, logicalNameText, octets, optional, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

const sap = integer(0, 0xffff);

/** A message to be pushed. */
export const Message = table(
  "message_queue",
  {
    /** The kind of message, for its sender: `data-notification`, `event` … */
    messageType: text(50, 1),
    /** The higher the sooner. */
    priority: integer(),
    payload: octets(0, 0x1000000),
    /** The destination, for its sender: `tcp://host:port`. */
    destination: text(100, 1),
    /** Not before this instant, ms since 1970 UTC. */
    scheduledTime: instant,
    /** The meter whose message it is; it protects the message each time that it is sent. */
    meterId: optional(text(100, 1)),
    /** The object that told it, which hears what happens to it. */
    logicalDevice: optional(sap),
    classId: optional(sap),
    instanceId: optional(logicalNameText),
    /** The client it is for. */
    clientId: optional(sap),
  },
  {
    createdAt: false,
    details: {
      table: "message_sources",
      key: "message_id",
      fields: ["meterId", "logicalDevice", "classId", "instanceId", "clientId"],
    },
  },
);
export type Message = RowOf<typeof Message>;

export type MessageStatus = "PENDING" | "PROCESSING" | "SENT" | "FAILED";

/** A message as it is in the queue. */
export interface QueuedMessage extends Message {
  readonly id: number;
  readonly status: MessageStatus;
  /** How many attempts failed. */
  readonly retryCount: number;
  readonly completedTime?: number;
  readonly lastError?: string;
}

/** A message that a worker was given to send. */
export interface ClaimedMessage extends QueuedMessage {
  /** Proves that the message is still this worker's: to be handed to `complete` or `fail`. */
  readonly lease: number;
}

export interface ClaimOptions {
  /** What is due by then, ms since 1970 UTC: virtual time where the simulator runs on it. */
  readonly now: number;
  /** At most so many; 1 by default. */
  readonly limit?: number;
  /** How long this worker may take, ms of real time, before another is given the message; 60 000 by default. */
  readonly leaseMs?: number;
}

export interface Failure {
  readonly now: number;
  /** Kept as `errorText` gives it. */
  readonly error: string;
  /** After how many failed attempts it is FAILED for good; 5 by default. */
  readonly maxAttempts?: number;
  /** The wait before the second attempt, ms, which doubles from one to the next; 1000 by default. */
  readonly backOffMs?: number;
  /** The longest wait, ms; one hour by default. */
  readonly maxBackOffMs?: number;
  /** When it is due again, ms since 1970 UTC: in place of the back-off, however often it has failed. */
  readonly again?: number;
}

/** The push queue. Several workers and several processes share it, and no message is sent twice while its lease holds. */
export interface MessageQueue {
  enqueue(messages: readonly Message[]): Promise<readonly number[]>;
  /**
   * Takes what is due, higher priority first, then the oldest by scheduled time, and makes it PROCESSING. A message whose lease ran out
   * (its worker died) is due again. At once empty when nothing is due.
   */
  claim(options: ClaimOptions): Promise<readonly ClaimedMessage[]>;
  /** Sent. False when the lease was lost to another worker: nothing is changed then. `now`: ms since 1970 UTC. */
  complete(message: Pick<ClaimedMessage, "id" | "lease">, now: number): Promise<boolean>;
  /** The same for many at once; gives the ids of those whose lease was not lost. */
  completeAll(messages: readonly Pick<ClaimedMessage, "id" | "lease">[], now: number): Promise<readonly number[]>;
  /** Not sent: due again after a back-off, or FAILED. Gives which; undefined when the lease was lost. */
  fail(message: Pick<ClaimedMessage, "id" | "lease">, failure: Failure): Promise<"PENDING" | "FAILED" | undefined>;
  /** Not tried: due again at that instant, ms since 1970 UTC, without a failure. False when the lease was lost. */
  postpone(message: Pick<ClaimedMessage, "id" | "lease">, until: number): Promise<boolean>;
  /** Makes messages due at `now`, ms since 1970 UTC, that are PENDING and due later; others stay as they are. */
  hasten(ids: readonly number[], now: number): Promise<void>;
  get(id: number): Promise<QueuedMessage | undefined>;
  /** How many there are in each state. */
  counts(): Promise<Readonly<Record<MessageStatus, number>>>;
  /** When the next PENDING message is due, ms since 1970 UTC; undefined when there is none. */
  nextDue(): Promise<number | undefined>;
  /** Removes SENT and FAILED messages completed before `before`; gives how many. */
  forget(before: number): Promise<number>;
}

/** The wait before the next attempt after `retryCount` failed ones, ms. */
function backOff(retryCount: number, failure: Failure): number {
  const first = failure.backOffMs ?? 1000;
  return Math.min(first * 2 ** Math.min(retryCount - 1, 30), failure.maxBackOffMs ?? 3600000);
}

/** What happens to a message after its `retryCount`th failure: it is FAILED, or due again. */
export function afterFailure(
  retryCount: number,
  failure: Failure,
): { readonly status: "PENDING"; readonly scheduledTime: number } | { readonly status: "FAILED" } {
  const { again, maxAttempts = 5, now } = failure;
  if (again !== undefined) return { status: "PENDING", scheduledTime: again };
  if (retryCount >= maxAttempts) return { status: "FAILED" };
  return { status: "PENDING", scheduledTime: now + backOff(retryCount, failure) };
}

/** What is kept of the text of an error: at most 1000 characters, without the character NUL. */
export function errorText(error: string): string {
  return [...error.toWellFormed().replaceAll("\0", "")].slice(0, 1000).join("");
}
