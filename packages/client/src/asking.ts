import {
  type RequestOptions,
  type ResultsOf,
  type ServiceRequest,
  type ServiceResults,
  withoutTransaction,
} from "@dlmskit/association";
import { type CosemDateTime, Fault } from "@dlmskit/core";
import type { CounterSource } from "@dlmskit/security";
import { DurableCounters, raiseCounters } from "./counters.ts";
import type { ConnectOptions } from "./options.ts";

export type Responded = ServiceResults & { readonly dateTime?: CosemDateTime };

/** A request that the connection sends once. */
export interface Asked<T> {
  readonly request: ServiceRequest;
  readonly options: RequestOptions;
  /** The value of the response for the caller, who gets the error if it throws. */
  value(response: Responded): T;
  /** There is no response: what the caller gets instead. */
  failed(fault: unknown): Promise<T>;
}

/** Makes the value of a response for the caller. */
export type ToValue<T> = (response: Responded, request: ServiceRequest) => T;

export const resultsOf: ToValue<ResultsOf> = ({ results }) => results;

/** What the requests of one association need. */
export interface AskingPort {
  /** Of the association. */
  readonly options: ConnectOptions;
  ask<T>(asked: Asked<T>): Promise<T>;
}

/** One request with its repetitions. It is an object without functions of its own, because a client makes one for each request. */
export class Asking<T> implements Asked<T> {
  readonly request: ServiceRequest;
  readonly #port: AskingPort;
  readonly #options: RequestOptions;
  readonly #toValue: ToValue<T>;
  readonly #counters: CounterSource | undefined;
  readonly #repeatable: boolean;
  /** When all attempts must have ended, ms of the clock. */
  readonly #end: number | undefined;
  #attempt = 0;

  /** `counters`: those of the client, not of its broadcast key. `repeatable`: the request changes nothing in the meter. */
  constructor(
    port: AskingPort,
    request: ServiceRequest,
    options: RequestOptions,
    toValue: ToValue<T>,
    counters: CounterSource | undefined,
    repeatable: boolean,
  ) {
    const { clock, deadline } = port.options;
    this.request = request;
    this.#port = port;
    this.#options = options;
    this.#toValue = toValue;
    this.#counters = counters;
    this.#repeatable = repeatable;
    this.#end = deadline === undefined ? undefined : clock.now() + deadline;
  }

  /** Those of this attempt. A request with a shorter time limit than that of all attempts keeps its limit. */
  get options(): RequestOptions {
    const options = this.#attempt === 0 ? this.#options : withoutTransaction(this.#options);
    if (this.#end === undefined) return options;
    const left = this.#end - this.#port.options.clock.now();
    return { ...options, within: Math.min(left, options.within ?? Number.POSITIVE_INFINITY) };
  }

  /** Sends the request as soon as its counters are reserved. */
  send(): Promise<T> {
    const { security } = this.#port.options;
    const counters = this.#options.broadcast === true ? security?.broadcast?.counters : this.#counters;
    const reserving = counters instanceof DurableCounters ? counters.ready() : undefined;
    return reserving === undefined ? this.#port.ask(this) : reserving.then(() => this.#port.ask(this));
  }

  value(response: Responded): T {
    return this.#toValue(response, this.request);
  }

  /** The next attempt, if this error permits one; otherwise throws it. */
  async failed(fault: unknown): Promise<T> {
    if (!(fault instanceof Fault)) throw fault;
    const { retries = 1 } = this.#port.options;
    const raised = await raiseCounters({ ...this.#port.options, counters: this.#counters }, fault);
    const again = this.#repeatable && this.#attempt < retries;
    if (!again || !(raised || fault.code === "timeout")) throw fault;
    this.#attempt++;
    return this.send();
  }
}
