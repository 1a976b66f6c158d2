import type { DataAccessResultName, StreamedData } from "@dlmskit/apdu";
import { concat, Fault } from "@dlmskit/core";

/** A value that is encoded while it is sent. */
export interface StreamPiece {
  /** The octets before the stream. */
  readonly head: Uint8Array;
  readonly stream: StreamedData;
  /** The octets that replace head and stream if the stream ends with an error before any of it was sent. */
  instead(error: DataAccessResultName): Uint8Array;
}

/** The parts of an answer, in order. */
export type Piece = Uint8Array | StreamPiece;

/**
 * `"ready"`: more octets than requested are available, or all; `"later"`: a stream has no data yet; `"broken"`: the rest is not
 * available.
 */
export type Filled = "ready" | "later" | "broken";

const nothing = new Uint8Array(0);

/**
 * The octets of an answer. They are read from streams only when they are needed. This class does not know blocks: the blocks of a
 * service and general block transfer both take octets from it.
 */
export class Source {
  readonly #pieces: readonly Piece[];
  readonly #failed: (fault: Fault) => void;
  #at = 0;
  #stream: StreamPiece | undefined;
  /** Octets that were read from the pieces and not taken. */
  #parts: Uint8Array[] = [];
  #length = 0;
  /** The number of these octets before the stream that is being read; negative if some octets of the stream were taken. */
  #before = 0;

  /** `failed` is called if a stream throws. */
  constructor(pieces: readonly Piece[], failed: (fault: Fault) => void) {
    this.#pieces = pieces;
    this.#failed = failed;
  }

  /** Number of octets that were read and not taken. */
  get length(): number {
    return this.#length;
  }

  /** Whether all pieces were read. */
  get ended(): boolean {
    return this.#stream === undefined && this.#at === this.#pieces.length;
  }

  /** Reads until more than `most` octets are available: this shows whether they are all octets of the answer. */
  fill(most: number): Filled {
    while (this.#length <= most) {
      const stream = this.#stream;
      if (stream === undefined) {
        const piece = this.#pieces[this.#at];
        if (piece === undefined) return "ready";
        this.#at++;
        if (piece instanceof Uint8Array) {
          this.#push(piece);
          continue;
        }
        this.#stream = piece;
        this.#before = this.#length;
        this.#push(piece.head);
        continue;
      }
      const part = this.#next(stream.stream, most + 1 - this.#length);
      if (part === "later") return "later";
      if (part === undefined) this.#stream = undefined;
      else if (part instanceof Uint8Array) this.#push(part);
      else if (!this.#replace(stream, part.error)) return "broken";
    }
    return "ready";
  }

  /** Takes up to `most` of the available octets. */
  take(most: number): Uint8Array {
    const count = Math.min(most, this.#length);
    this.#length -= count;
    this.#before -= count;
    const [first = nothing] = this.#parts;
    if (first.length > count) {
      this.#parts[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const taken: Uint8Array[] = [];
    let left = count;
    let whole = 0;
    for (const part of this.#parts) {
      if (part.length > left) break;
      taken.push(part);
      left -= part.length;
      whole++;
    }
    this.#parts.splice(0, whole);
    const next = this.#parts[0];
    if (left > 0 && next !== undefined) {
      taken.push(next.subarray(0, left));
      this.#parts[0] = next.subarray(left);
    }
    return taken.length === 1 ? (taken[0] as Uint8Array) : concat(...taken);
  }

  /** Ends the stream that has no data yet, as if it had this error. False: the rest is not available. */
  fail(error: DataAccessResultName): boolean {
    const stream = this.#stream;
    if (stream === undefined) return true;
    stream.stream.close?.();
    return this.#replace(stream, error);
  }

  /** Drops the rest: every stream that has not ended is closed. */
  close(): void {
    const { stream } = this.#stream ?? {};
    const left = this.#pieces.slice(this.#at);
    this.#stream = undefined;
    this.#at = this.#pieces.length;
    stream?.close?.();
    for (const piece of left) if (!(piece instanceof Uint8Array)) piece.stream.close?.();
  }

  #push(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#parts.push(octets);
    this.#length += octets.length;
  }

  #next(stream: StreamedData, wanted: number): ReturnType<StreamedData["next"]> {
    try {
      return stream.next(wanted);
    } catch (cause) {
      this.#failed(
        new Fault("stream-failed", "the source of a streamed value threw an error", { layer: "association", cause }),
      );
      return { error: "hardware-fault" };
    }
  }

  #replace(piece: StreamPiece, error: DataAccessResultName): boolean {
    this.#stream = undefined;
    if (this.#before < 0) {
      this.close();
      return false;
    }
    while (this.#length > this.#before) this.#length -= (this.#parts.pop() as Uint8Array).length;
    this.#push(piece.instead(error));
    return true;
  }
}
