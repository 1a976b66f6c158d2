import { type Data, encodeData, TypeDescription } from "@dlmskit/apdu";
import { concat, decode, encode, Fault } from "@dlmskit/core";
import { descriptionOf } from "./description.ts";

/** Options for values without type tags. */
export interface UntaggedOptions {
  /** True: an array begins with an octet that holds the number of its elements, as in some markets; by default it does not. */
  readonly arrayCounts?: boolean;
}

/** The octets of a value without type tags: structures and arrays consist of their elements only, strings keep their lengths. */
export function untagged(data: Data, options: UntaggedOptions = {}): Uint8Array {
  if (data.type !== "array" && data.type !== "structure") return encodeData(data).subarray(1);
  const elements = data.value.map((element) => untagged(element, options));
  const counted = data.type === "array" && options.arrayCounts === true;
  return counted ? concat(Uint8Array.of(data.value.length), ...elements) : concat(...elements);
}

/**
 * The encoded description of a structure of values, as in a compact-array. Fault `bad-profile`: the elements of an array have different
 * types.
 */
export function templateDescription(values: readonly Data[]): Uint8Array {
  const description = descriptionOf({ type: "structure", value: values });
  if (description !== undefined) return encode(TypeDescription, description);
  throw new Fault("bad-profile", "an array of elements of different types has no description", { layer: "cosem" });
}

/** Whether two encoded descriptions have the same types; the number of elements in arrays may differ. */
export const describeAlike = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length > 0 && other.length > 0 && isAlike(decode(TypeDescription, one), decode(TypeDescription, other));

function isAlike(one: TypeDescription, other: TypeDescription): boolean {
  if (one.type === "array" && other.type === "array") {
    return one.count === 0 || other.count === 0 || isAlike(one.element, other.element);
  }
  if (one.type !== "structure" || other.type !== "structure") return one.type === other.type;
  const { elements } = other;
  return (
    one.elements.length === elements.length &&
    one.elements.every((element, at) => isAlike(element, elements[at] as TypeDescription))
  );
}
