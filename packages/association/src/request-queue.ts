import type { ApduLike, Invoke } from "@dlmskit/apdu";
import type { CosemDateTime } from "@dlmskit/core";
import type { RequestOptions } from "./initiator-state.ts";
import type { Negotiated } from "./offer.ts";
import { withoutTransaction } from "./protection/request-protection.ts";
import type { Sealing } from "./protection/sealing.ts";
import type { Exchange, Step } from "./services/service.ts";
import type { AnyService, ServiceRequest, ServiceResults } from "./services/table.ts";

/** A request in the queue. */
export interface Queued {
  readonly id: number;
  readonly request: ServiceRequest;
  readonly options: RequestOptions;
  /** The deadline of the request, with all its blocks. */
  readonly end: number;
}

/** The request that waits for its response. */
export interface Current extends Queued {
  readonly service: AnyService;
  readonly invoke: Invoke;
  readonly exchange: Exchange<unknown, unknown>;
  /** How its further APDUs are sealed. */
  readonly sealing: Sealing | undefined;
  /** A request of high priority has overtaken it. */
  readonly overtaken?: true;
}

/** The results of a request, and the date-time of an ACCESS response. */
export type Done = ServiceResults & { readonly dateTime?: CosemDateTime };

export function doneOf({ service }: Current, { done, dateTime }: Extract<Step<unknown>, { done: unknown }>): Done {
  const all = { service: service.name, results: done };
  return (dateTime === undefined ? all : { ...all, dateTime }) as Done;
}

/** A transfer in blocks that a request of high priority has overtaken, and its next APDU. */
export interface Paused extends Current {
  readonly next: ApduLike;
}

const lost: readonly unknown[] = ["no-long-get-in-progress", "long-get-aborted"];

/** Whether requests of high priority may go between the blocks of a transfer: requests with short names have no invoke id. */
export function isOvertaking({ context, conformance }: Negotiated): boolean {
  return context === "logical-name" && conformance.includes("priority-mgmt-supported");
}

const isHigh = ({ options }: Queued): boolean => options.priority === "high";

/** The queue of requests: those of high priority first, requests of equal priority in the order in which they were made. */
export class RequestQueue {
  #waiting: Queued[] = [];
  /** Whether requests of high priority may go between the blocks of a transfer. */
  overtakes = false;
  #paused: Paused | undefined;
  #ids = 0;

  /** Adds a request. Returns its id, which is unique in this queue. */
  add(request: ServiceRequest, options: RequestOptions, end: number): number {
    const id = ++this.#ids;
    const queued: Queued = { id, request, options, end };
    if (this.#waiting.length === 0) {
      // An empty array that gets an item takes memory for seventeen.
      this.#waiting = [queued];
      return id;
    }
    const at = isHigh(queued) ? this.#waiting.findIndex((other) => !isHigh(other)) : -1;
    if (at < 0) this.#waiting.push(queued);
    else this.#waiting.splice(at, 0, queued);
    return id;
  }

  /** The invoke id that is in use although its request does not wait for a response. */
  get pausedInvokeId(): number | undefined {
    return this.#paused?.invoke.invokeId;
  }

  /**
   * Sets a transfer aside if a request of high priority waits that may go between its blocks. A server ends a long SET or ACTION when
   * the next one of the same service comes. Green Book 9.4.6.
   */
  pause(current: Current, next: ApduLike): boolean {
    if (isHigh(current) || !this.#isOvertaken(current)) return false;
    this.#paused = { ...current, overtaken: true, next };
    return true;
  }

  #isOvertaken({ service }: Current): boolean {
    const [first] = this.#waiting;
    if (!this.overtakes || first === undefined || !isHigh(first)) return false;
    return service.does === "read" || first.request.service !== service.name;
  }

  /** Removes and returns the first request, or the transfer that was set aside. */
  take(): Queued | Paused | undefined {
    const paused = this.#paused;
    if (paused === undefined || this.#isOvertaken(paused)) return this.#waiting.shift();
    this.#paused = undefined;
    return paused;
  }

  /**
   * Whether a request is made again: its results say that the server has ended a long GET because another request came between its
   * blocks. This server takes no further request between blocks.
   */
  repeats({ overtaken, service, id, request, options, end }: Current, { results }: ServiceResults): boolean {
    if (overtaken !== true || service.does !== "read") return false;
    if (!(results as readonly { readonly error?: string }[]).every(({ error }) => lost.includes(error))) return false;
    this.overtakes = false;
    this.#waiting.unshift({ id, request, options: withoutTransaction(options), end });
    return true;
  }

  /** Removes and returns all requests. */
  takeAll(): readonly Queued[] {
    const paused = this.#paused;
    this.#paused = undefined;
    const waiting = this.#waiting.splice(0);
    return paused === undefined ? waiting : [paused, ...waiting];
  }
}
