import { instant } from "../fields.ts";
import { checkRow } from "../shape.ts";
import { afterFailure, errorText, Message, type MessageQueue, type QueuedMessage } from "../tables/message-queue.ts";
import { copied, type KeptMessage, type MemoryContext, MemoryState } from "./state.ts";

function shown({ lease: _, leaseUntil: __, ...message }: KeptMessage): QueuedMessage {
  return copied(message);
}

function inOrder(one: KeptMessage, other: KeptMessage): number {
  return other.priority - one.priority || one.scheduledTime - other.scheduledTime || one.id - other.id;
}

/** Adds messages that were checked; their ids. */
export function enqueueIn(state: MemoryState, messages: readonly Message[]): number[] {
  return messages.map((message) => {
    const id = ++state.lastMessage;
    const kept = copied(message);
    state.messages.set(id, { ...kept, id, status: "PENDING", retryCount: 0, lease: 0, leaseUntil: 0 });
    return id;
  });
}

/** A queue in memory alone, for meters without a store. */
export function openMemoryQueue(): MessageQueue {
  const state = new MemoryState();
  return memoryMessageQueue({ state, use: () => state, instant: Date.now });
}

export function memoryMessageQueue(context: MemoryContext): MessageQueue {
  function held(message: { readonly id: number; readonly lease: number }): KeptMessage | undefined {
    const kept = context.use().messages.get(message.id);
    return kept?.status === "PROCESSING" && kept.lease === message.lease ? kept : undefined;
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
      const due = [...state.messages.values()].filter((message) =>
        message.status === "PENDING"
          ? message.scheduledTime <= now
          : message.status === "PROCESSING" && message.leaseUntil <= real,
      );
      return due
        .sort(inOrder)
        .slice(0, limit)
        .map((message) => {
          const retryCount = message.retryCount + (message.status === "PROCESSING" ? 1 : 0);
          const lease = ++state.lastLease;
          const claimed: KeptMessage = {
            ...message,
            status: "PROCESSING",
            retryCount,
            lease,
            leaseUntil: real + leaseMs,
          };
          state.messages.set(message.id, claimed);
          return { ...shown(claimed), lease };
        });
    },
    async complete(message, now) {
      const kept = held(message);
      if (kept === undefined) return false;
      context.state.messages.set(kept.id, { ...kept, status: "SENT", completedTime: now });
      return true;
    },
    async fail(message, failure) {
      const kept = held(message);
      if (kept === undefined) return undefined;
      const retryCount = kept.retryCount + 1;
      const { status, ...next } = afterFailure(retryCount, failure);
      context.state.messages.set(kept.id, {
        ...{ ...kept, status, retryCount, lastError: errorText(failure.error) },
        ...(status === "FAILED" ? { completedTime: failure.now } : next),
      });
      return status;
    },
    async postpone(message, until) {
      const kept = held(message);
      if (kept === undefined) return false;
      context.state.messages.set(kept.id, { ...kept, status: "PENDING", scheduledTime: instant.check(until) });
      return true;
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
      const pending = [...context.use().messages.values()].filter(({ status }) => status === "PENDING");
      return pending.length === 0 ? undefined : Math.min(...pending.map(({ scheduledTime }) => scheduledTime));
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
