import type { RequestOptions } from "./initiator-state.ts";
import type { ServiceRequest } from "./services/table.ts";

/** A request in the queue. */
export interface Queued {
  readonly id: number;
  readonly request: ServiceRequest;
  readonly options: RequestOptions;
  /** The deadline of the request. */
  readonly end: number;
}

/** The queue of requests: those of high priority first, requests of equal priority in the order in which they were made. */
export class RequestQueue {
  readonly #waiting: Queued[] = [];
  #ids = 0;

  /** Adds a request. Returns its id, which is unique in this queue. */
  add(request: ServiceRequest, options: RequestOptions, end: number): number {
    const id = ++this.#ids;
    const queued: Queued = { id, request, options, end };
    const at = options.priority === "high" ? this.#waiting.findIndex((other) => other.options.priority !== "high") : -1;
    if (at < 0) this.#waiting.push(queued);
    else this.#waiting.splice(at, 0, queued);
    return id;
  }

  /** Removes and returns the first request. */
  take(): Queued | undefined {
    return this.#waiting.shift();
  }

  /** Removes and returns all requests. */
  takeAll(): readonly Queued[] {
    return this.#waiting.splice(0);
  }
}
