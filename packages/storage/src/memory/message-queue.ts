import { instant } from "../fields.ts";
import { checkRow } from "../shape.ts";
import {
  afterFailure,
  type ClaimedMessage,
  errorText,
  Message,
  type MessageQueue,
  type QueuedMessage,
} from "../tables/message-queue.ts";
import { copied, type KeptMessage, type MemoryContext, MemoryState } from "./state.ts";

function shown({ lease: _, leaseUntil: __, ...message }: KeptMessage): QueuedMessage {
  return copied(message);
}

/** Stores a message and updates the lists of its status. */
function keep(state: MemoryState, message: KeptMessage): void {
  state.messages.set(message.id, message);
  if (message.status === "PROCESSING") state.processing.add(message.id);
  else state.processing.delete(message.id);
  if (message.status === "PENDING") state.pending.add(message);
}

/** Adds checked messages. Returns their ids. */
export function enqueueIn(state: MemoryState, messages: readonly Message[]): number[] {
  return messages.map((message) => {
    const id = ++state.lastMessage;
    const kept = copied(message);
    keep(state, { ...kept, id, status: "PENDING", retryCount: 0, lease: 0, leaseUntil: 0 });
    return id;
  });
}

/** A queue in memory only, for meters without a store. */
export function openMemoryQueue(): MessageQueue {
  const state = new MemoryState();
  return memoryMessageQueue({ state, use: () => state, instant: Date.now });
}

export function memoryMessageQueue(context: MemoryContext): MessageQueue {
  function held(message: { readonly id: number; readonly lease: number }): KeptMessage | undefined {
    const kept = context.use().messages.get(message.id);
    return kept?.status === "PROCESSING" && kept.lease === message.lease ? kept : undefined;
  }

  function complete(message: { readonly id: number; readonly lease: number }, now: number): boolean {
    const kept = held(message);
    if (kept === undefined) return false;
    keep(context.state, { ...kept, status: "SENT", completedTime: now });
    return true;
  }

  return {
    async enqueue(messages) {
      const state = context.use();
      return enqueueIn(
        state,
        messages.map((message) => checkRow(Message, message)),
      );
    },
    async claim({ now, limit = 1, leaseMs = 60000 }) {
      const state = context.use();
      const real = Date.now();
      for (const id of [...state.processing]) {
        const lost = state.messages.get(id) as KeptMessage;
        if (lost.leaseUntil <= real) keep(state, { ...lost, status: "PENDING", retryCount: lost.retryCount + 1 });
      }
      const claimed: ClaimedMessage[] = [];
      while (claimed.length < limit) {
        const id = state.pending.take(now);
        if (id === undefined) break;
        const lease = ++state.lastLease;
        const message: KeptMessage = {
          ...(state.messages.get(id) as KeptMessage),
          ...{ status: "PROCESSING", lease, leaseUntil: real + leaseMs },
        };
        keep(state, message);
        claimed.push({ ...shown(message), lease });
      }
      return claimed;
    },
    async complete(message, now) {
      return complete(message, now);
    },
    async completeAll(messages, now) {
      return messages.filter((message) => complete(message, now)).map(({ id }) => id);
    },
    async fail(message, failure) {
      const kept = held(message);
      if (kept === undefined) return undefined;
      const retryCount = kept.retryCount + 1;
      const { status, ...next } = afterFailure(retryCount, failure);
      keep(context.state, {
        ...{ ...kept, status, retryCount, lastError: errorText(failure.error) },
        ...(status === "FAILED" ? { completedTime: failure.now } : next),
      });
      return status;
    },
    async postpone(message, until) {
      const kept = held(message);
      if (kept === undefined) return false;
      keep(context.state, { ...kept, status: "PENDING", scheduledTime: instant.check(until) });
      return true;
    },
    async hasten(ids, now) {
      const state = context.use();
      for (const id of ids) {
        const kept = state.messages.get(id);
        if (kept?.status !== "PENDING" || kept.scheduledTime <= now) continue;
        state.pending.remove(kept);
        keep(state, { ...kept, scheduledTime: instant.check(now) });
      }
    },
    async get(id) {
      const kept = context.use().messages.get(id);
      return kept === undefined ? undefined : shown(kept);
    },
    async counts() {
      const counts = { PENDING: 0, PROCESSING: 0, SENT: 0, FAILED: 0 };
      for (const { status } of context.use().messages.values()) counts[status]++;
      return counts;
    },
    async nextDue() {
      return context.use().pending.nextDue;
    },
    async forget(before) {
      const { messages } = context.use();
      let gone = 0;
      for (const { id, completedTime } of messages.values()) {
        if (completedTime !== undefined && completedTime < before && messages.delete(id)) gone++;
      }
      return gone;
    },
  };
}
