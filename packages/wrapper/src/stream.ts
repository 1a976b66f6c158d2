import { inRange, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { WpduSplitter } from "./splitter.ts";
import type { Wpdu } from "./wpdu.ts";

export interface WrapperStreamOptions {
  /** The maximum length of a received PDU, in octets: a longer one breaks the link. 65 535 by default. */
  readonly maxPdu?: number;
  /** ms from the first octet of a WPDU within which it must be complete; 30 000 by default, 0 for no limit. */
  readonly incomplete?: number;
  /** ms without a WPDU from the peer after which the link is broken; 0 for never. */
  readonly inactivity?: number;
}

const isEmpty = ({ pdu }: Wpdu): boolean => pdu.length === 0;

/** The common part of both ends of a wrapper connection: the stream, its timers and the outputs. */
export class WrapperStream {
  readonly #splitter: WpduSplitter;
  readonly #incomplete: number;
  #inactivity: number;
  readonly #outputs = new OutputQueue<LinkOutput>();
  #closed = false;
  #begun: number | undefined;
  #lastWpdu: number | undefined;

  /** `inactivity` is the value of the options, or the default of the end. */
  constructor(options: WrapperStreamOptions, inactivity: number) {
    this.#splitter = new WpduSplitter(inRange(options.maxPdu ?? 0xffff, 1, 0xffff));
    this.#incomplete = options.incomplete ?? 30_000;
    this.#inactivity = options.inactivity ?? inactivity;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get deadline(): number | undefined {
    if (this.#closed) return undefined;
    const deadline = Math.min(this.#incompleteAt(), this.#inactiveAt());
    return deadline === Number.POSITIVE_INFINITY ? undefined : deadline;
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }

  output(output: LinkOutput): void {
    this.#outputs.push(output);
  }

  setInactivity(inactivity: number): void {
    this.#inactivity = inactivity;
  }

  /** Sets the start of the inactivity time, if no WPDU was received yet. */
  opened(now: number): void {
    this.#lastWpdu ??= now;
  }

  /** The WPDUs that `octets` complete; WPDUs without a PDU are dropped. */
  receive(octets: Uint8Array, now: number): Wpdu[] {
    if (this.#closed) return [];
    this.opened(now);
    const wpdus = this.#splitter.push(octets);
    if (wpdus.length > 0) {
      this.#lastWpdu = now;
      this.#begun = undefined;
    }
    if (this.#splitter.held === 0) this.#begun = undefined;
    else this.#begun ??= now;
    // Octets may have arrived in time in a process that was busy: only what is incomplete with them is late.
    this.expire(now);
    if (!wpdus.some(isEmpty)) return wpdus;
    for (const { pdu } of wpdus.filter(isEmpty)) this.#outputs.push({ type: "dropped", why: "empty", octets: pdu });
    return wpdus.filter((wpdu) => !isEmpty(wpdu));
  }

  /** Reports a broken stream. Called after the WPDUs before the break were processed. */
  settle(): void {
    const { broken } = this.#splitter;
    if (broken === undefined || this.#closed) return;
    this.#closed = true;
    this.#outputs.push({ type: "broken", why: broken });
  }

  expire(now: number): void {
    if (this.#closed) return;
    if (now >= this.#incompleteAt()) {
      this.#closed = true;
      this.#outputs.push({ type: "broken", why: "incomplete-timeout" });
    } else if (now >= this.#inactiveAt()) {
      this.#closed = true;
      this.#outputs.push({ type: "disconnected", why: "timeout" });
      this.#outputs.push({ type: "broken", why: "inactivity" });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }

  #incompleteAt(): number {
    return this.#begun === undefined || this.#incomplete === 0
      ? Number.POSITIVE_INFINITY
      : this.#begun + this.#incomplete;
  }

  #inactiveAt(): number {
    return this.#lastWpdu === undefined || this.#inactivity === 0
      ? Number.POSITIVE_INFINITY
      : this.#lastWpdu + this.#inactivity;
  }
}
