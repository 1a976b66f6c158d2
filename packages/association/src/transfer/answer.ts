import { type ApduLike, type ConformanceName, encodeApdu, type Invoke } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { contentIn } from "../lengths.ts";
import { least, strengthened } from "../protection/policy.ts";
import { refusal } from "../refusals.ts";
import type { Block } from "./blocks.ts";
import type { RequestContext, TransferPort } from "./port.ts";
import { type Piece, Source } from "./source.ts";

/** How the responses of a service contain an answer. */
export interface AnswerForm {
  /** Tag and choice of the response with the complete answer; the invoke-id and the results follow. */
  readonly whole: Uint8Array;
  /** Number of octets at the start of that response that are not sent in blocks. */
  readonly onlyWhole: number;
  /** The conformance bit of the service's blocks. */
  readonly inBlocks: ConformanceName;
  /** Length of a block's APDU without its raw data and their length field, octets. */
  readonly blockHeader: number;
  block(block: Block, invoke: Invoke): ApduLike;
  /** The response in place of the next block if the rest of the answer is not available: it ends the transfer. */
  aborted(blockNumber: number, invoke: Invoke): ApduLike;
}

/** How a service without its own blocks sends an answer. */
type WholeForm = Pick<AnswerForm, "whole">;

/** An answer: the response with the complete answer, and a replacement if the response is too long and must not be sent in blocks. */
export interface Answer {
  readonly form: AnswerForm | WholeForm;
  readonly whole: Uint8Array | readonly Piece[];
  shorter(): Uint8Array;
}

interface Sending {
  readonly answer: Answer;
  readonly source: Source;
  /** The priority of the request. */
  readonly priority: Invoke["priority"];
  /** The request, or the request for the next block, that is being answered. */
  context: RequestContext;
  /** The number of the block that was sent last; 0: no block was sent. */
  number: number;
  /** A stream has no data at the moment: nothing can be sent before `resume`. */
  suspended: boolean;
  deadline: number;
}

const none: readonly Sending[] = [];
const noIds: readonly number[] = [];

/** Tag and choice of an APDU. */
export function headOf(apdu: ApduLike): Uint8Array {
  return encodeApdu(apdu).subarray(0, 2);
}

/**
 * The answers of one service: sent complete if they fit, else in blocks of the service. Only this class knows block numbers. It reads
 * from an answer the octets that the next APDU needs and one more, to know whether the APDU is the last.
 */
export class AnswerTransfer {
  readonly #port: TransferPort;
  /** The answers whose blocks the client requests: at most one of normal and one of high priority. */
  #long: readonly Sending[] = none;
  /** The answers that were suspended before anything was sent. */
  readonly #unsent: Sending[] = [];

  constructor(port: TransferPort) {
    this.#port = port;
  }

  /** When `expire` must be called next. */
  get deadline(): number | undefined {
    let first: number | undefined;
    for (const { deadline } of this.#all) if (first === undefined || deadline < first) first = deadline;
    return first;
  }

  /** The invoke ids of the answers that wait for `resume`. */
  get suspendedIds(): readonly number[] {
    return this.#all.length === 0 ? noIds : this.#suspended.map(({ context }) => context.invokeId);
  }

  get #suspended(): readonly Sending[] {
    return this.#all.filter(({ suspended }) => suspended);
  }

  /** Usually there are none, and nothing is copied. */
  get #all(): readonly Sending[] {
    return this.#unsent.length === 0 ? this.#long : [...this.#unsent, ...this.#long];
  }

  /** Sends an answer, or its first block. Faults `pdu-too-long`, and those of sealing. */
  begin(answer: Answer, context: RequestContext, now: number): void {
    const { whole } = answer;
    if (whole instanceof Uint8Array && whole.length <= this.#port.room(context)) {
      this.#port.reply(whole, context);
      return;
    }
    const pieces = whole instanceof Uint8Array ? [whole] : whole;
    const source = new Source(pieces, (fault) => this.#port.refused(fault));
    const { priority } = context;
    this.#send({ answer, source, priority, context, number: 0, suspended: false, deadline: 0 }, now);
  }

  /**
   * The client has block `blockNumber` and requests the next. `"none"`: no transfer to continue; `"number"`: a wrong number, which
   * ends the transfer.
   */
  next(blockNumber: number, context: RequestContext, now: number): "sent" | "none" | "number" {
    const long = this.#long.find((one) => one.context.invokeId === context.invokeId);
    if (long === undefined) return "none";
    if (long.number !== blockNumber) {
      this.#drop(long);
      return "number";
    }
    // Every block has at least the protection of the first block.
    long.context = { ...context, sealing: strengthened(context.sealing, least(long.context.sealing)) };
    this.#send(long, now);
    return "sent";
  }

  /** Continues suspended answers if their streams have data. */
  resume(now: number): void {
    for (const sending of this.#suspended) this.#answered(() => this.#send(sending, now));
  }

  /** Drops answers after their deadline: the client does not request the next block, or the stream gives no data and fails. */
  expire(now: number): void {
    for (const sending of this.#all) {
      if (now < sending.deadline) continue;
      if (sending.suspended) this.#late(sending, now);
      else this.#drop(sending);
    }
  }

  /**
   * Ends the transfers in blocks; a new request of the service calls this. A request of high priority may come between the blocks of a
   * transfer of normal priority, if priorities were negotiated.
   */
  supersede({ priority }: Pick<RequestContext, "priority">): void {
    const overtakes = priority === "high" && this.#port.has("priority-mgmt-supported");
    for (const long of this.#long) if (!overtakes || long.priority === "high") this.#drop(long);
  }

  /** Drops all answers. */
  close(): void {
    for (const { source } of this.#all) source.close();
    this.#long = none;
    this.#unsent.length = 0;
  }

  /** Outside a request there is no caller that catches a Fault. */
  #answered(step: () => void): void {
    try {
      step();
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#port.exception(caught);
    }
  }

  #late(sending: Sending, now: number): void {
    const { transferTimeout } = this.#port;
    this.#port.refused(
      new Fault("stream-timeout", `a streamed value gave no data for ${transferTimeout} ms`, {
        layer: "association",
      }),
    );
    // The rest of the answer has its own time limit.
    sending.suspended = false;
    this.#answered(() => {
      const { form } = sending.answer;
      if (sending.source.fail("temporary-failure") || !("inBlocks" in form)) this.#send(sending, now);
      else this.#abort(sending, form);
    });
  }

  #send(sending: Sending, now: number): void {
    try {
      const { form } = sending.answer;
      if (sending.number > 0 && "inBlocks" in form) this.#block(sending, form, now);
      else this.#first(sending, now);
    } catch (caught) {
      this.#drop(sending);
      throw caught;
    }
  }

  #first(sending: Sending, now: number): void {
    const { answer, source, context } = sending;
    const { form } = answer;
    const inBlocks = "inBlocks" in form ? form : undefined;
    const general = this.#port.inGeneralBlocks(context, inBlocks?.inBlocks);
    const whole = general && this.#port.sendsWhole(context);
    const most = whole ? this.#port.reach(context) : this.#port.room(context);
    // If a stream ends with an error before any of it was sent, the error replaces it: the answer is still valid.
    if (source.fill(most) === "later") {
      this.#suspend(sending, now);
      return;
    }
    if (source.ended && source.length <= most) {
      this.#drop(sending);
      this.#port.reply(source.take(most), context);
    } else if (general && !whole) {
      this.#begun(sending);
      this.#port.stream(source);
    } else if (!general && inBlocks !== undefined && this.#port.has(inBlocks.inBlocks)) {
      source.take(inBlocks.onlyWhole);
      this.#block(sending, inBlocks, now);
    } else {
      this.#drop(sending);
      this.#port.reply(answer.shorter(), context);
    }
  }

  #block(sending: Sending, form: AnswerForm, now: number): void {
    const { source, context } = sending;
    const most = contentIn(this.#port.room(context) - form.blockHeader);
    if (most < 1) throw refusal("pdu-too-long", "the client's PDU size is too small for a block");
    const filled = source.fill(most);
    if (filled === "later") {
      this.#suspend(sending, now);
      return;
    }
    if (filled === "broken") {
      this.#abort(sending, form);
      return;
    }
    const rawData = source.take(most);
    const lastBlock = source.ended && source.length === 0;
    sending.number++;
    if (lastBlock) this.#drop(sending);
    else this.#wait(sending, now);
    this.#port.reply(encodeApdu(form.block({ lastBlock, blockNumber: sending.number, rawData }, context)), context);
  }

  #abort(sending: Sending, form: AnswerForm): void {
    this.#drop(sending);
    const { context, number } = sending;
    this.#port.reply(encodeApdu(form.aborted(number + 1, context)), context);
  }

  #suspend(sending: Sending, now: number): void {
    if (!sending.suspended) sending.deadline = now + this.#port.transferTimeout;
    sending.suspended = true;
    if (sending.number === 0 && !this.#unsent.includes(sending)) this.#unsent.push(sending);
  }

  /** The client must request the next block. */
  #wait(sending: Sending, now: number): void {
    this.#begun(sending);
    if (!this.#long.includes(sending)) {
      this.supersede(sending);
      this.#long = [...this.#long, sending];
    }
    sending.suspended = false;
    sending.deadline = now + this.#port.transferTimeout;
  }

  #begun(sending: Sending): void {
    const at = this.#unsent.indexOf(sending);
    if (at >= 0) this.#unsent.splice(at, 1);
  }

  #drop(sending: Sending): void {
    this.#begun(sending);
    this.#long = this.#long.includes(sending) ? this.#long.filter((one) => one !== sending) : this.#long;
    sending.source.close();
  }
}
