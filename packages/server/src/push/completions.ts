import type { ClaimedMessage, MessageQueue } from "@dlmskit/storage";

interface Waiting {
  readonly message: ClaimedMessage;
  readonly now: number;
  done(): void;
  failed(error: unknown): void;
}

/** Records sent messages in the queue. While one batch is being written, the next batch is collected. */
export class Completions {
  readonly #queue: MessageQueue;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(queue: MessageQueue) {
    this.#queue = queue;
  }

  /** Resolves when this is kept, even if the message no longer belonged to this worker. Rejects with the Faults of the store. */
  complete(message: ClaimedMessage, now: number): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ message, now, done, failed });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const now = Math.max(...batch.map((one) => one.now));
        await this.#queue.completeAll(
          batch.map((one) => one.message),
          now,
        );
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#writing = false;
  }
}
