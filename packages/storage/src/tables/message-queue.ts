import { instant, integer, logicalNameText, octets, optional, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

const sap = integer(0, 0xffff);

/** A message to be pushed. */
export const Message = table(
  "message_queue",
  {
    /** The kind of message, for the sender: `data-notification`, `event` … */
    messageType: text(50, 1),
    /** Messages with a higher priority are sent first. */
    priority: integer(),
    payload: octets(0, 0x1000000),
    /** The destination, for the sender: `tcp://host:port`. */
    destination: text(100, 1),
    /** The earliest time to send it, ms since 1970 UTC. */
    scheduledTime: instant,
    /** The meter of the message. It protects the message again for each attempt. */
    meterId: optional(text(100, 1)),
    /** The object that created the message. It is informed of the result. */
    logicalDevice: optional(sap),
    classId: optional(sap),
    instanceId: optional(logicalNameText),
    /** The client that receives it. */
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

/** A message in the queue. */
export interface QueuedMessage extends Message {
  readonly id: number;
  readonly status: MessageStatus;
  /** The number of failed attempts. */
  readonly retryCount: number;
  readonly completedTime?: number;
  readonly lastError?: string;
}

/** A message that was given to a worker to send. */
export interface ClaimedMessage extends QueuedMessage {
  /** Proves that this worker still has the message. Pass it to `complete` or `fail`. */
  readonly lease: number;
}

export interface ClaimOptions {
  /** Messages that are due at this time, ms since 1970 UTC. Virtual time if the simulator runs on it. */
  readonly now: number;
  /** The maximum number of messages. 1 by default. */
  readonly limit?: number;
  /** The time for this worker, in ms of real time, before the message is given to another worker. 60 000 by default. */
  readonly leaseMs?: number;
}

export interface Failure {
  readonly now: number;
  /** Stored in the form that `errorText` returns. */
  readonly error: string;
  /** The number of failed attempts after which the message becomes FAILED. 5 by default. */
  readonly maxAttempts?: number;
  /** The delay before the second attempt, ms. It doubles with each attempt. 1000 by default. */
  readonly backOffMs?: number;
  /** The maximum delay, ms. One hour by default. */
  readonly maxBackOffMs?: number;
  /** When the message is due again, ms since 1970 UTC. It replaces the back-off delay, for any number of failures. */
  readonly again?: number;
}

/** The push queue. Several workers and several processes share it. No message is sent twice during its lease. */
export interface MessageQueue {
  enqueue(messages: readonly Message[]): Promise<readonly number[]>;
  /**
   * Takes messages that are due and makes them PROCESSING: higher priority first, then the earliest scheduled time. A message with
   * an expired lease (its worker died) is due again. Returns an empty list at once if nothing is due.
   */
  claim(options: ClaimOptions): Promise<readonly ClaimedMessage[]>;
  /** The message was sent. False if another worker has the lease now: then nothing is changed. `now`: ms since 1970 UTC. */
  complete(message: Pick<ClaimedMessage, "id" | "lease">, now: number): Promise<boolean>;
  /** The same for many messages at once. Returns the ids of the messages whose lease was not lost. */
  completeAll(messages: readonly Pick<ClaimedMessage, "id" | "lease">[], now: number): Promise<readonly number[]>;
  /**
   * The message was not sent: it is due again after a back-off delay, or FAILED. Returns the new status. Undefined if the lease was
   * lost.
   */
  fail(message: Pick<ClaimedMessage, "id" | "lease">, failure: Failure): Promise<"PENDING" | "FAILED" | undefined>;
  /** The message was not tried: it is due again at that instant, ms since 1970 UTC, without a failure. False if the lease was lost. */
  postpone(message: Pick<ClaimedMessage, "id" | "lease">, until: number): Promise<boolean>;
  /** Makes PENDING messages that are due later due at `now`, ms since 1970 UTC. Other messages are not changed. */
  hasten(ids: readonly number[], now: number): Promise<void>;
  get(id: number): Promise<QueuedMessage | undefined>;
  /** The number of messages in each state. */
  counts(): Promise<Readonly<Record<MessageStatus, number>>>;
  /** When the next PENDING message is due, ms since 1970 UTC. Undefined if there is none. */
  nextDue(): Promise<number | undefined>;
  /** Removes SENT and FAILED messages that were completed before `before`. Returns the number removed. */
  forget(before: number): Promise<number>;
}

/** The delay before the next attempt after `retryCount` failed attempts, ms. */
function backOff(retryCount: number, failure: Failure): number {
  const first = failure.backOffMs ?? 1000;
  return Math.min(first * 2 ** Math.min(retryCount - 1, 30), failure.maxBackOffMs ?? 3600000);
}

/** The status of a message after its `retryCount`th failure: FAILED, or due again. */
export function afterFailure(
  retryCount: number,
  failure: Failure,
): { readonly status: "PENDING"; readonly scheduledTime: number } | { readonly status: "FAILED" } {
  const { again, maxAttempts = 5, now } = failure;
  if (again !== undefined) return { status: "PENDING", scheduledTime: again };
  if (retryCount >= maxAttempts) return { status: "FAILED" };
  return { status: "PENDING", scheduledTime: now + backOff(retryCount, failure) };
}

/** The part of an error text that is stored: at most 1000 characters, without the character NUL. */
export function errorText(error: string): string {
  return [...error.toWellFormed().replaceAll("\0", "")].slice(0, 1000).join("");
}
