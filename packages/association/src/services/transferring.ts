import { AnswerTransfer } from "../transfer/answer.ts";
import type { RequestContext } from "../transfer/port.ts";
import { RequestTransfer } from "../transfer/request.ts";
import type { ServerPort, ServiceServer } from "./service.ts";

// The common parts of the servers of all services: deadlines, the continuation of streams, and the end of block transfers.

/** The server's end of a service whose answers may be sent in blocks. */
export abstract class AnswersInBlocks<Request, Item, Result> implements ServiceServer<Request> {
  protected readonly port: ServerPort<Item, Result>;
  protected readonly answers: AnswerTransfer;

  constructor(port: ServerPort<Item, Result>) {
    this.port = port;
    this.answers = new AnswerTransfer(port.transfer);
  }

  get deadline(): number | undefined {
    return this.answers.deadline;
  }

  get suspended(): readonly number[] {
    return this.answers.suspendedIds;
  }

  abstract receive(request: Request, context: RequestContext, now: number): void;

  resume(now: number): void {
    this.answers.resume(now);
  }

  expire(now: number): void {
    this.answers.expire(now);
  }

  close(): void {
    this.answers.close();
  }
}

/** The same for a service whose requests may also be received in blocks. `Long`: the contents of the first APDU other than its block. */
export abstract class BothInBlocks<Request, Item, Result, Long> extends AnswersInBlocks<Request, Item, Result> {
  protected readonly request: RequestTransfer<Long>;

  constructor(port: ServerPort<Item, Result>) {
    super(port);
    this.request = new RequestTransfer(port.transfer);
  }

  override get deadline(): number | undefined {
    const request = this.request.deadline;
    const answers = super.deadline;
    return request === undefined || answers === undefined ? (request ?? answers) : Math.min(request, answers);
  }

  override expire(now: number): void {
    super.expire(now);
    this.request.expire(now);
  }

  override close(): void {
    this.request.abort();
    super.close();
  }
}

const none: readonly number[] = [];

/** The server's end of a service whose requests may be received in blocks, and whose results are short and contain no streams. */
export abstract class RequestsInBlocks<Request, Item, Result, Long> implements ServiceServer<Request> {
  protected readonly port: ServerPort<Item, Result>;
  protected readonly request: RequestTransfer<Long>;

  constructor(port: ServerPort<Item, Result>) {
    this.port = port;
    this.request = new RequestTransfer(port.transfer);
  }

  get deadline(): number | undefined {
    return this.request.deadline;
  }

  get suspended(): readonly number[] {
    return none;
  }

  abstract receive(request: Request, context: RequestContext, now: number): void;

  resume(): void {
    // No answer waits for a stream.
  }

  expire(now: number): void {
    this.request.expire(now);
  }

  close(): void {
    this.request.abort();
  }
}
