import { type CosemDateTime, Fault } from "@dlmskit/core";
import { strengthened } from "../protection/policy.ts";
import { inGeneralForm, type ResponseProtection } from "../protection/sealing.ts";
import { refusal } from "../refusals.ts";
import type { RequestContext, TransferPort } from "../transfer/port.ts";
import { giveUp } from "./results.ts";
import { needNegotiated, type ServiceServer } from "./service.ts";
import type { AnyService, Incoming, ResultsOf, ServiceRequest } from "./table.ts";

export interface ServingOptions extends TransferPort {
  readonly outstanding: number;
  nextId(): number;
  request(incoming: Incoming): void;
}

interface Waiting {
  readonly id: number;
  readonly service: AnyService;
  readonly context: RequestContext;
  readonly items: number;
  readonly answer: (results: ResultsOf, now: number, dateTime?: CosemDateTime) => void;
}

const none: readonly Waiting[] = [];

function requestOf({ name }: AnyService, items: readonly unknown[], options: object | undefined): ServiceRequest {
  const request = { service: name, items };
  return (options === undefined ? request : { ...request, ...options }) as ServiceRequest;
}

/** The server's end of all services in one association: delivers requests to the server and sends its answers. */
export class Serving {
  readonly #options: ServingOptions;
  // Arrays, and a copy when they grow, because this takes less memory: an empty Map takes as much as one with four entries, and an array
  // with an added element as much as one with seventeen.
  #servers: readonly { readonly service: AnyService; readonly server: ServiceServer<unknown> }[] = [];
  #waiting: readonly Waiting[] = none;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  get deadline(): number | undefined {
    let first: number | undefined;
    for (const { server } of this.#servers) {
      const { deadline } = server;
      if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline;
    }
    return first;
  }

  /** Whether an answer waits for a stream. */
  get suspended(): boolean {
    return this.#servers.some(({ server }) => server.suspended.length > 0);
  }

  expire(now: number): void {
    for (const { server } of this.#servers) server.expire(now);
  }

  resume(now: number): void {
    for (const { server } of this.#servers) server.resume(now);
  }

  /** The association has ended. */
  close(): void {
    for (const { server } of this.#servers) server.close();
    this.#waiting = none;
  }

  receive(service: AnyService, apdu: unknown, context: RequestContext, now: number): void {
    if (this.#repeats(service, context)) {
      // Its answer is still being sent: the request must not be executed or answered twice.
      this.#options.refused(
        new Fault("duplicate-request", `a request with invoke id ${context.invokeId} is still being answered`, {
          layer: "association",
        }),
      );
      return;
    }
    needNegotiated(service.needs(apdu), this.#options.has);
    this.#server(service).receive(apdu, context, now);
  }

  /** Most associations use one or two services: the servers of the others are not made. */
  #server(service: AnyService): ServiceServer<unknown> {
    for (const known of this.#servers) if (known.service === service) return known.server;
    const server = service.server({
      transfer: this.#options,
      deliver: (items, context, answer, options) =>
        this.#deliver(service, requestOf(service, items, options), context, answer),
    });
    this.#servers = this.#servers.concat({ service, server });
    return server;
  }

  /** Short invoke ids are unique among all services with short invoke ids, and long invoke ids among those with long ones. */
  #repeats({ long }: AnyService, { answered, invokeId }: RequestContext): boolean {
    if (!answered) return false;
    for (const { service, context } of this.#waiting) {
      if (service.long === long && context.invokeId === invokeId) return true;
    }
    for (const { service, server } of this.#servers) {
      if (service.long === long && server.suspended.includes(invokeId)) return true;
    }
    return false;
  }

  get #outstanding(): number {
    let count = this.#waiting.length;
    for (const { server } of this.#servers) count += server.suspended.length;
    return count;
  }

  #deliver(service: AnyService, request: ServiceRequest, context: RequestContext, answer: Waiting["answer"]): void {
    const { answered } = context;
    // If nobody receives the data, they need not be read.
    if (!answered && service.does === "read") return;
    if (answered && this.#outstanding >= this.#options.outstanding) {
      throw refusal("too-many-requests", `${this.#outstanding} requests are not answered yet`);
    }
    if (answered && service.leastAnswer(request.items, this.#options.has) > this.#options.reach(context)) {
      // If the response cannot be sent, the request is not executed.
      throw refusal("pdu-too-long", "the client's PDU size is too small for any answer to this request");
    }
    const id = this.#options.nextId();
    if (answered) this.#wait({ id, service, context, items: request.items.length, answer });
    const { priority, seen } = context;
    this.#options.request({ id, request, confirmed: answered, priority, protection: seen });
  }

  respond(id: number, results: ResultsOf, now: number, least?: ResponseProtection, dateTime?: CosemDateTime): void {
    const waiting = this.#waiting.find((one) => one.id === id);
    if (waiting === undefined) {
      giveUp(results);
      return;
    }
    const { service, context, items } = waiting;
    if (results.length !== items) {
      // An error of the server itself.
      throw new Fault("bad-results", `the request has ${items} items, but ${results.length} results were given`, {
        layer: "association",
      });
    }
    this.#waiting = this.#waiting.length === 1 ? none : this.#waiting.filter((one) => one !== waiting);
    if (least !== undefined) context.sealing = strengthened(context.sealing, least);
    if (service.long === true) context.sealing = inGeneralForm(context.sealing);
    try {
      waiting.answer(results, now, dateTime);
    } catch (caught) {
      if (caught instanceof Fault && (caught.code === "pdu-too-long" || caught.layer === "security")) {
        this.#options.exception(caught);
        return;
      }
      this.#wait(waiting);
      throw caught;
    }
  }

  #wait(waiting: Waiting): void {
    this.#waiting = this.#waiting.length === 0 ? [waiting] : this.#waiting.concat(waiting);
  }
}
