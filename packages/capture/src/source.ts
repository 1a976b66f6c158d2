/** A run of octets of a source, with its position in the input. */
interface Piece {
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

/**
 * Octets to decode with their positions in the input: a part of the input, joined parts (segments, blocks), or the plaintext of
 * a part, which has the same number of octets in AES-GCM.
 */
export class Source {
  readonly octets: Uint8Array;
  readonly #pieces: readonly Piece[];

  private constructor(octets: Uint8Array, pieces: readonly Piece[]) {
    this.octets = octets;
    this.#pieces = pieces;
  }

  /** Octets that start at `from` in the input. */
  static of(octets: Uint8Array, from = 0): Source {
    return new Source(octets, [{ at: 0, from, length: octets.length }]);
  }

  /** Joins several sources in order. */
  static join(parts: readonly Source[]): Source {
    const length = parts.reduce((sum, part) => sum + part.octets.length, 0);
    const octets = new Uint8Array(length);
    const pieces: Piece[] = [];
    let at = 0;
    for (const part of parts) {
      octets.set(part.octets, at);
      for (const piece of part.#pieces) pieces.push({ ...piece, at: at + piece.at });
      at += part.octets.length;
    }
    return new Source(octets, pieces);
  }

  /** Converts an offset in this source to one in the input; the end offset gives the offset after the last octet. */
  place(offset: number): number {
    const piece = this.#pieces.findLast(({ at }) => at <= offset) ?? this.#pieces[0];
    return piece === undefined ? offset : piece.from + offset - piece.at;
  }

  slice(start: number, end: number): Source {
    const pieces: Piece[] = [];
    for (const { at, from, length } of this.#pieces) {
      const low = Math.max(at, start);
      const high = Math.min(at + length, end);
      if (high > low) pieces.push({ at: low - start, from: from + low - at, length: high - low });
    }
    const octets = this.octets.subarray(start, end);
    return new Source(octets, pieces.length > 0 ? pieces : [{ at: 0, from: this.place(start), length: 0 }]);
  }

  /** The part of this source with the octets of a view into it. */
  view(view: Uint8Array): Source {
    const start = view.byteOffset - this.octets.byteOffset;
    return this.slice(start, start + view.length);
  }

  /** A source with other octets of the same number, at the positions of this source. */
  replaced(octets: Uint8Array): Source {
    return new Source(octets, this.#pieces);
  }
}
