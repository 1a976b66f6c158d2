import { Fault } from "@dlmskit/core";
import { base64Octets } from "./literals.ts";
import { type Written, writtenOctets } from "./tokens.ts";

/** The maximum number of values in a document that is read as a capture. */
const mostValues = 100_000;

/** The octets in a JSON document: in strings and in lists of numbers. Undefined for other texts and documents without octets. */
export function jsonOctets(text: string, fits: (octets: Uint8Array) => boolean): Written[] | undefined {
  if (!/^\s*[[{"]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const found: Written[] = [];
  const left: unknown[] = [value];
  for (let count = 0; left.length > 0 && count < mostValues; count++) {
    const next = left.pop();
    if (typeof next === "string") {
      const octets = ofString(next, fits);
      if (octets !== undefined) found.push(octets);
    } else if (isOctetList(next)) {
      found.push({ octets: Uint8Array.from(next, (number) => number & 0xff), notation: "JSON" });
    } else if (typeof next === "object" && next !== null) {
      left.push(...Object.values(next).reverse());
    }
  }
  return found.length > 0 ? found : undefined;
}

function isOctetList(value: unknown): value is readonly number[] {
  const isOctet = (one: unknown): boolean => Number.isInteger(one) && (one as number) >= -128 && (one as number) <= 255;
  return Array.isArray(value) && value.length > 0 && value.every(isOctet);
}

function ofString(text: string, fits: (octets: Uint8Array) => boolean): Written | undefined {
  try {
    const written = writtenOctets(text, fits);
    // A short number or a word of hex letters among other values is not octets.
    if (written !== undefined && (written.octets.length > 4 || fits(written.octets)))
      return { ...written, notation: "JSON" };
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
  }
  const base64 = base64Octets(text);
  return base64 !== undefined && fits(base64.octets) ? { ...base64, notation: "JSON" } : undefined;
}
