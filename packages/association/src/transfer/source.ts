import type { DataAccessResultName, StreamedData } from "@dlmskit/apdu";
import { concat, Fault } from "@dlmskit/core";

/** A value that is encoded while it is sent. */
export interface StreamPiece {
  /** What stands in front of the stream. */
  readonly head: Uint8Array;
  readonly stream: StreamedData;
  /** What stands in place of head and stream when the stream ends in an error before any of it has left. */
  instead(error: DataAccessResultName): Uint8Array;
}

/** What an answer is made of, in its order. */
export type Piece = Uint8Array | StreamPiece;

/** `"ready"`: more than was asked for is here, or all there is; `"later"`: a stream gives way; `"broken"`: the rest cannot be had. */
export type Filled = "ready" | "later" | "broken";

const nothing = new Uint8Array(0);

/**
 * The octets of an answer, pulled no further than they are needed. It knows nothing of blocks: data blocks of a service and
 * general block transfer both take from it.
 */
export class Source {
  readonly #pieces: readonly Piece[];
  readonly #failed: (fault: Fault) => void;
  #at = 0;
  #stream: StreamPiece | undefined;
  /** What was pulled and not taken. */
  #parts: Uint8Array[] = [];
  #length = 0;
  /** How much of that stands in front of the stream that is being read; below 0: some of the stream was taken. */
  #before = 0;

  /** `failed` is told of a stream that throws. */
  constructor(pieces: readonly Piece[], failed: (fault: Fault) => void) {
    this.#pieces = pieces;
    this.#failed = failed;
  }

  /** Octets that were pulled and not taken. */
  get length(): number {
    return this.#length;
  }

  /** Whether nothing is left to pull. */
  get ended(): boolean {
    return this.#stream === undefined && this.#at === this.#pieces.length;
  }

  /** Pulls until more than `most` octets are here, which tells whether they are all. */
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

  /** Takes up to `most` octets of what was pulled. */
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

  /** Ends the stream that is being waited for, as if it had this error. False: the rest cannot be had. */
  fail(error: DataAccessResultName): boolean {
    const stream = this.#stream;
    if (stream === undefined) return true;
    stream.stream.close?.();
    return this.#replace(stream, error);
  }

  /** Gives up what is left: every stream that has not ended is told. */
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
