import type { RequestOptions } from "./initiator-state.ts";
import type { ServiceRequest } from "./services/table.ts";

/** A request that waits. */
export interface Queued {
  readonly id: number;
  readonly request: ServiceRequest;
  readonly options: RequestOptions;
  /** When it must be over. */
  readonly end: number;
}

/** The requests that wait for their turn: those of high priority first, else in the order in which they were asked for. */
export class RequestQueue {
  readonly #waiting: Queued[] = [];
  #ids = 0;

  /** Returns the id of the request; no other request of this queue has it. */
  add(request: ServiceRequest, options: RequestOptions, end: number): number {
    const id = ++this.#ids;
    const queued: Queued = { id, request, options, end };
    const at = options.priority === "high" ? this.#waiting.findIndex((other) => other.options.priority !== "high") : -1;
    if (at < 0) this.#waiting.push(queued);
    else this.#waiting.splice(at, 0, queued);
    return id;
  }

  /** Takes the first one out. */
  take(): Queued | undefined {
    return this.#waiting.shift();
  }

  /** Takes all of them out. */
  takeAll(): readonly Queued[] {
    return this.#waiting.splice(0);
  }
}
