import { Fault } from "@dlmskit/core";
import { strengthened } from "../protection/policy.ts";
import type { ResponseProtection } from "../protection/sealing.ts";
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
  readonly context: RequestContext;
  readonly items: number;
  readonly answer: (results: ResultsOf, now: number) => void;
}

/** The services of one association at the server's end: from their forms to the server and back. */
export class Serving {
  readonly #options: ServingOptions;
  readonly #servers = new Map<AnyService, ServiceServer<unknown>>();
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  get deadline(): number | undefined {
    let first: number | undefined;
    for (const { deadline } of this.#servers.values()) {
      if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline;
    }
    return first;
  }

  /** Whether an answer waits for a stream. */
  get suspended(): boolean {
    for (const { suspended } of this.#servers.values()) if (suspended.length > 0) return true;
    return false;
  }

  expire(now: number): void {
    for (const server of this.#servers.values()) server.expire(now);
  }

  resume(now: number): void {
    for (const server of this.#servers.values()) server.resume(now);
  }

  /** The association is over. */
  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#waiting.clear();
  }

  receive(service: AnyService, apdu: unknown, context: RequestContext, now: number): void {
    if (this.#repeats(context)) {
      // Its answer is on the way: to execute it again, or to answer it twice, would both be wrong.
      this.#options.refused(
        new Fault("duplicate-request", `invoke id ${context.invokeId} is being served`, { layer: "association" }),
      );
      return;
    }
    needNegotiated(service.needs(apdu), this.#options.has);
    this.#server(service).receive(apdu, context, now);
  }

  /** Most associations use one service or two: the others cost nothing. */
  #server(service: AnyService): ServiceServer<unknown> {
    const known = this.#servers.get(service);
    if (known !== undefined) return known;
    const server = service.server({
      ...this.#options,
      deliver: (items, context, answer) =>
        this.#deliver(service, { service: service.name, items } as ServiceRequest, context, answer),
    });
    this.#servers.set(service, server);
    return server;
  }

  #repeats({ answered, invokeId }: RequestContext): boolean {
    if (!answered) return false;
    for (const waiting of this.#waiting.values()) if (waiting.context.invokeId === invokeId) return true;
    for (const { suspended } of this.#servers.values()) if (suspended.includes(invokeId)) return true;
    return false;
  }

  get #outstanding(): number {
    let count = this.#waiting.size;
    for (const { suspended } of this.#servers.values()) count += suspended.length;
    return count;
  }

  #deliver(service: AnyService, request: ServiceRequest, context: RequestContext, answer: Waiting["answer"]): void {
    const { answered } = context;
    // What nobody gets need not be read.
    if (!answered && service.does === "read") return;
    if (answered && this.#outstanding >= this.#options.outstanding) {
      throw refusal("too-many-requests", `${this.#outstanding} requests wait for their answer`);
    }
    if (answered && service.leastAnswer(request.items, this.#options.has) > this.#options.room(context)) {
      // If the response cannot be sent, the request is not executed.
      throw refusal("pdu-too-long", "the client takes no answer to this request");
    }
    const id = this.#options.nextId();
    if (answered) this.#waiting.set(id, { context, items: request.items.length, answer });
    const { priority, seen } = context;
    this.#options.request({ id, request, confirmed: answered, priority, protection: seen });
  }

  respond(id: number, results: ResultsOf, now: number, least?: ResponseProtection): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      giveUp(results);
      return;
    }
    const { context, items } = waiting;
    if (results.length !== items) {
      // The server's own mistake.
      throw new Fault("bad-results", `the request had ${items} items, ${results.length} results were given`, {
        layer: "association",
      });
    }
    this.#waiting.delete(id);
    if (least !== undefined) context.sealing = strengthened(context.sealing, least);
    try {
      waiting.answer(results, now);
    } catch (caught) {
      if (caught instanceof Fault && (caught.code === "pdu-too-long" || caught.layer === "security")) {
        this.#options.exception(caught);
        return;
      }
      this.#waiting.set(id, waiting);
      throw caught;
    }
  }
}
