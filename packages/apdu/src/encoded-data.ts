import type { Codec, Reader } from "@dlmskit/core";
import { TypeDescription } from "./compact-array.ts";
import { Data, encodeData } from "./data.ts";
import { DataTag, type DataTypeName, type EncodedData as Encoded, tagText } from "./data-type.ts";
import { asOctets } from "./data-values.ts";

const sized = -1;
const unknown = -2;
const octetsOf: { readonly [T in DataTypeName]?: number } = {
  "null-data": 0,
  boolean: 1,
  "double-long": 4,
  "double-long-unsigned": 4,
  "octet-string": sized,
  "visible-string": sized,
  "utf8-string": sized,
  bcd: 1,
  integer: 1,
  long: 2,
  unsigned: 1,
  "long-unsigned": 2,
  long64: 8,
  "long64-unsigned": 8,
  enum: 1,
  float32: 4,
  float64: 8,
  "date-time": 12,
  date: 5,
  time: 4,
  "delta-integer": 1,
  "delta-long": 2,
  "delta-double-long": 4,
  "delta-unsigned": 1,
  "delta-long-unsigned": 2,
  "delta-double-long-unsigned": 4,
  "dont-care": 0,
};
const octetsByTag: number[] = new Array(256).fill(unknown);
for (const [type, octets] of Object.entries(octetsOf)) octetsByTag[DataTag[type as DataTypeName]] = octets;

/** Skips one Data without decoding it. Faults as when reading it, except for the content of texts and compact arrays. */
export function skipData(from: Reader): void {
  const at = from.at;
  const tag = from.u8();
  const octets = octetsByTag[tag] as number;
  if (octets >= 0) {
    from.take(octets);
    return;
  }
  switch (tag) {
    case DataTag.array:
    case DataTag.structure: {
      from.descend();
      const count = from.boundedCount();
      for (let item = 0; item < count; item++) skipData(from);
      from.ascend();
      return;
    }
    case DataTag["bit-string"]:
      from.take(Math.ceil(from.length() / 8));
      return;
    case DataTag["compact-array"]:
      TypeDescription.read(from);
      from.take(from.boundedLength());
      return;
    default:
      if (octets === unknown) throw from.fault("unknown-tag", `no type of Data has the tag ${tagText(tag)}`, at);
      from.take(from.boundedLength());
  }
}

/** One Data as its octets, which are checked but not decoded. `fromData(T…, data)` decodes them without a Data tree. */
export const EncodedData: Codec<Encoded> = {
  read(from) {
    const start = from.at;
    skipData(from);
    return { type: "encoded", octets: from.octets.subarray(start, from.at) };
  },
  write: (value, to) => to.put(asOctets(value.octets)),
  toJson: (value) => Data.toJson(value as never),
  fromJson: (json) => ({ type: "encoded", octets: encodeData(Data.fromJson(json)) }),
};
export type EncodedData = Encoded;
