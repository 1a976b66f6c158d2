import { Writer } from "@dlmskit/core";
import { encodeData } from "./data.ts";
import { type DataLike, DataTag, type StreamedData, type StreamPart } from "./data-type.ts";

/**
 * A structure whose elements are encoded while they are sent, for example all attributes of an object. Streamed elements are
 * encoded in parts. An error in an element also ends the structure. `next` throws the Faults of encoding an element.
 */
export function streamedStructure(elements: readonly DataLike[]): StreamedData {
  // -1: the header is not given yet.
  let at = -1;
  const close = (from: number): void => {
    const left = elements.slice(Math.max(0, from));
    at = elements.length;
    for (const element of left) if (element.type === "streamed") element.close?.();
  };
  const partOf = (element: DataLike, wanted: number): StreamPart => {
    if (element.type === "streamed") return element.next(wanted);
    const octets = encodeData(element);
    at++;
    return octets;
  };
  return {
    type: "streamed",
    next(wanted) {
      if (at < 0) {
        at = 0;
        const header = new Writer(6);
        header.u8(DataTag.structure);
        header.size(elements.length);
        return header.done();
      }
      try {
        for (let element = elements[at]; element !== undefined; element = elements[at]) {
          const part = partOf(element, wanted);
          if (part !== undefined) {
            if (typeof part === "object" && "error" in part) close(at + 1);
            return part;
          }
          at++;
        }
        return undefined;
      } catch (caught) {
        close(at + 1);
        throw caught;
      }
    },
    close: () => close(at),
  };
}
