import { AnswerTransfer } from "../transfer/answer.ts";
import type { RequestContext } from "../transfer/port.ts";
import { RequestTransfer } from "../transfer/request.ts";
import type { ServerPort, ServiceServer } from "./service.ts";

// What the servers of the services have alike: deadlines, streams that go on, and the end, of what comes and leaves in blocks.

/** The server's end of a service whose answers may leave in blocks. */
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

/** The same of one whose requests may come in blocks, too; `Long` is what the first APDU says beside its block. */
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

/** The server's end of a service whose requests may come in blocks, and whose results are short and no streams. */
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
