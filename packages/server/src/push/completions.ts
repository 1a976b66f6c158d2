import type { ClaimedMessage, MessageQueue } from "@dlmskit/storage";

interface Waiting {
  readonly message: ClaimedMessage;
  readonly now: number;
  done(): void;
  failed(error: unknown): void;
}

/** Writes down what was sent: while one batch is being written, the next one gathers. */
export class Completions {
  readonly #queue: MessageQueue;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(queue: MessageQueue) {
    this.#queue = queue;
  }

  /** Resolves when it is kept, whether the message was still this worker's or not. Rejects with the Faults of the store. */
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
