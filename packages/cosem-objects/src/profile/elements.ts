import { concat, Reader } from "@dlmskit/core";

// Octets of the value after the tag, for the types of fixed size (Green Book, Data).
const fixed = new Map([
  [0, 0],
  [3, 1],
  [5, 4],
  [6, 4],
  [13, 1],
  [15, 1],
  [16, 2],
  [17, 1],
  [18, 2],
  [20, 8],
  [21, 8],
  [22, 1],
  [23, 4],
  [24, 8],
  [25, 12],
  [26, 5],
  [27, 4],
  [28, 1],
  [29, 2],
  [30, 4],
  [31, 1],
  [32, 2],
  [33, 4],
  [255, 0],
]);

/** Skips one encoded Data including its elements. Faults: `unknown-tag`, `truncated`, `too-deep`, `bad-length`. */
export function skipData(from: Reader): void {
  const at = from.at;
  const tag = from.u8();
  const size = fixed.get(tag);
  if (size !== undefined) {
    from.take(size);
  } else if (tag === 1 || tag === 2) {
    from.descend();
    const count = from.boundedCount();
    for (let item = 0; item < count; item++) skipData(from);
    from.ascend();
  } else if (tag === 9 || tag === 10 || tag === 12) {
    from.take(from.boundedLength());
  } else if (tag === 4) {
    from.take(Math.ceil(from.length() / 8));
  } else {
    throw from.fault("unknown-tag", `the type ${tag} cannot stand in a row`, at);
  }
}

/** The encoded elements of an encoded structure or array. */
export function elementsOf(octets: Uint8Array): Uint8Array[] {
  const from = new Reader(octets, { layer: "cosem" });
  const tag = from.u8();
  if (tag !== 1 && tag !== 2) throw from.fault("type-unmatched", "neither an array nor a structure", 0);
  const count = from.boundedCount();
  const elements: Uint8Array[] = [];
  for (let item = 0; item < count; item++) {
    const start = from.at;
    skipData(from);
    elements.push(octets.subarray(start, from.at));
  }
  return elements;
}

function headOf(tag: number, count: number): Uint8Array {
  return Uint8Array.from(
    count < 0x80
      ? [tag, count]
      : count < 0x100
        ? [tag, 0x81, count]
        : count < 0x10000
          ? [tag, 0x82, count >>> 8, count & 0xff]
          : [tag, 0x83, count >>> 16, (count >>> 8) & 0xff, count & 0xff],
  );
}

const counted = (tag: number, parts: readonly Uint8Array[]): Uint8Array => concat(headOf(tag, parts.length), ...parts);

/** A structure of encoded elements, such as a row. */
export const encodedStructure = (elements: readonly Uint8Array[]): Uint8Array => counted(2, elements);
/** The octets before the elements of an encoded array. */
export const encodedArrayHead = (count: number): Uint8Array => headOf(1, count);
/** An array of encoded elements, such as a buffer. */
export const encodedArray = (elements: readonly Uint8Array[]): Uint8Array => counted(1, elements);
