import type { ActionRequest, GetRequest, SetRequest } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { ActionServer } from "./action-server.ts";
import { lengthOctets } from "./blocks.ts";
import { GetServer } from "./get-server.ts";
import { strengthened } from "./policy.ts";
import { refusal } from "./refusals.ts";
import type { RequestContext, ServerPort } from "./server-port.ts";
import type { Incoming, ResponseProtection, ResultsOf, ServiceRequest } from "./services.ts";
import { SetServer } from "./set-server.ts";

export interface ServerServicesOptions extends Omit<ServerPort, "deliver"> {
  readonly outstanding: number;
  nextId(): number;
  request(incoming: Incoming): void;
  /** Answers with an exception-response. */
  exception(fault: Fault): void;
}

interface Waiting {
  readonly context: RequestContext;
  readonly answer: (results: ResultsOf, now: number) => void;
}

/** GET, SET and ACTION of one association: from their forms to the server and back. */
export class ServerServices {
  readonly #options: ServerServicesOptions;
  readonly #get: GetServer;
  readonly #set: SetServer;
  readonly #action: ActionServer;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: ServerServicesOptions) {
    this.#options = options;
    const port: ServerPort = {
      ...options,
      deliver: (request, context, answer) => this.#deliver(request, context, answer),
    };
    this.#get = new GetServer(port);
    this.#set = new SetServer(port);
    this.#action = new ActionServer(port);
  }

  get deadline(): number | undefined {
    let first: number | undefined;
    for (const { deadline } of [this.#get, this.#set, this.#action]) {
      if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline;
    }
    return first;
  }

  expire(now: number): void {
    this.#get.expire(now);
    this.#set.expire(now);
    this.#action.expire(now);
  }

  receive(apdu: GetRequest | SetRequest | ActionRequest, context: RequestContext, now: number): void {
    if (this.#repeats(context)) {
      // Its answer is on the way: to execute it again, or to answer it twice, would both be wrong.
      this.#options.refused(
        new Fault("duplicate-request", `invoke id ${context.invokeId} is being served`, { layer: "association" }),
      );
      return;
    }
    if (apdu.apdu.startsWith("get")) this.#get.receive(apdu as GetRequest, context, now);
    else if (apdu.apdu.startsWith("set")) this.#set.receive(apdu as SetRequest, context, now);
    else this.#action.receive(apdu as ActionRequest, context, now);
  }

  #repeats(context: RequestContext): boolean {
    if (context.serviceClass !== "confirmed") return false;
    for (const waiting of this.#waiting.values()) if (waiting.context.invokeId === context.invokeId) return true;
    return false;
  }

  #deliver(request: ServiceRequest, context: RequestContext, answer: Waiting["answer"]): void {
    const confirmed = context.serviceClass === "confirmed";
    // Octets that nobody gets need not be fetched.
    if (!confirmed && request.service === "get") return;
    if (confirmed && this.#waiting.size >= this.#options.outstanding) {
      throw refusal("too-many-requests", `${this.#waiting.size} requests wait for their answer`);
    }
    if (confirmed && leastAnswer(request, this.#options) > this.#options.room(context)) {
      // What cannot be told is not done.
      throw refusal("pdu-too-long", "the client takes no answer to this request");
    }
    const id = this.#options.nextId();
    if (confirmed) this.#waiting.set(id, { context, answer });
    const { priority, seen } = context;
    this.#options.request({ id, request, confirmed, priority, protection: seen });
  }

  respond(id: number, results: ResultsOf, now: number, least?: ResponseProtection): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    const { context } = waiting;
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

/** The octets of the shortest answer there may have to be: tag, choice, invoke-id, then results, or a block of them. */
function leastAnswer({ service, items }: ServiceRequest, { has }: Pick<ServerPort, "has">): number {
  switch (service) {
    case "get":
      return 0;
    case "set":
      return items.length === 1 ? 4 : 3 + lengthOctets(items.length) + items.length;
    case "action":
      if (items.length === 1) return 5;
      return has("block-transfer-with-action") ? 10 : 3 + lengthOctets(items.length) + 2 * items.length;
  }
}
