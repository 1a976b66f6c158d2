import { type Data, dataOf, encodeData } from "@dlmskit/apdu";
import type { AnyCodec } from "./interface-class.ts";
import { refuse } from "./refusal.ts";

/** The maximum size in octets of a value with many elements: lists to which a method adds elements, and rows of captured values. */
export const mostOctets = 0x100000;

/** Refuses (other-reason) a list that a method would make longer than 1 MiB. */
export function checkListSize(type: AnyCodec, list: unknown): void {
  checkOctets(dataOf(type, list).octets.length);
}

/** The same check for Data. */
export const checkDataSize = (list: Data): void => checkOctets(encodeData(list).length);

/** The same check for octets that are collected: `refuse`s as soon as there are too many. */
export function counting(): <O extends Uint8Array>(octets: O) => O {
  let sum = 0;
  return (octets) => {
    sum += octets.length;
    checkOctets(sum);
    return octets;
  };
}

function checkOctets(length: number): void {
  if (length > mostOctets) throw refuse("other-reason", `the values have ${length} octets, more than ${mostOctets}`);
}
