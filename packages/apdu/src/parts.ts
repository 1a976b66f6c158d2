import {
  bool,
  type Codec,
  CosemDateTime,
  Fault,
  i8,
  LogicalName,
  named,
  type Of,
  type RecordCodec,
  sequence,
  sizedOctets,
  u8,
  u16,
  u32,
} from "@dlmskit/core";
import { compiled, inlineOf, readStatements, writeStatements } from "@dlmskit/core/internal";
import { Data } from "./data.ts";
import { DataTag } from "./data-type.ts";
import { ActionResult as ActionResultNames, DataAccessResult as DataAccessResultNames } from "./enumerations.ts";
import { keyed } from "./keyed.ts";

/** Cosem-Attribute-Descriptor: class, logical name, attribute (negative ones are the manufacturer's). */
export const AttributeDescriptor = sequence({ classId: u16, instanceId: LogicalName, attributeId: i8 });
export type AttributeDescriptor = Of<typeof AttributeDescriptor>;

/** Cosem-Method-Descriptor. */
export const MethodDescriptor = sequence({ classId: u16, instanceId: LogicalName, methodId: i8 });
export type MethodDescriptor = Of<typeof MethodDescriptor>;

/** Selective-Access-Descriptor: the selector (for a profile: 1 by range, 2 by entry) and its parameters. */
export const SelectiveAccess = sequence({ selector: u8, parameters: Data });
export type SelectiveAccess = Of<typeof SelectiveAccess>;

export const DataAccessResultCode = named(u8, DataAccessResultNames);
export const ActionResultCode = named(u8, ActionResultNames);

/** Get-Data-Result with a given codec for its data. */
export const getDataResult = <D>(data: Codec<D>) =>
  keyed({ data: [0, data], dataAccessResult: [1, DataAccessResultCode] });

/** Get-Data-Result: the data, or the error. */
export const GetDataResult = getDataResult(Data);
export type GetDataResult = Of<typeof GetDataResult>;

/** DataBlock-G: a part of a long response to a GET, or the error. */
export const DataBlockG = sequence({
  lastBlock: bool,
  blockNumber: u32,
  result: keyed({ rawData: [0, sizedOctets], dataAccessResult: [1, DataAccessResultCode] }),
});
export type DataBlockG = Of<typeof DataBlockG>;

/** DataBlock-SA: a part of long data in SET and ACTION. */
export const DataBlockSA = sequence({ lastBlock: bool, blockNumber: u32, rawData: sizedOctets });
export type DataBlockSA = Of<typeof DataBlockSA>;

/** The hint for a date-time with a Data tag before it. */
export const taggedHint = 'it may be the Data tag of an octet-string: the quirk "date-time-with-data-tag" accepts it';

/** An octet-string with a date-time, or of length 0 if it is absent. Fault `bad-length` for a length other than 0 and 12. */
export const SizedDateTime: Codec<CosemDateTime | undefined> = {
  read(from) {
    const at = from.at;
    const length = from.boundedLength();
    if (length === 0) return undefined;
    if (length !== 12) {
      const hint = length === DataTag["octet-string"] ? taggedHint : undefined;
      throw from.fault("bad-length", `a date-time has 12 octets, not ${length}`, at, hint);
    }
    return CosemDateTime.read(from);
  },
  write(value, to) {
    to.size(value === undefined ? 0 : 12);
    if (value !== undefined) CosemDateTime.write(value, to);
  },
  toJson: (value) => CosemDateTime.toJson(value as CosemDateTime),
  fromJson: (json) => (json === undefined ? undefined : CosemDateTime.fromJson(json)),
};

/** The same with the Data tag of an octet-string (09) before the length: the quirk `date-time-with-data-tag`. */
export const TaggedDateTime: Codec<CosemDateTime | undefined> = {
  ...SizedDateTime,
  read(from) {
    if (from.peek() === DataTag["octet-string"]) from.u8();
    return SizedDateTime.read(from);
  },
};

/** A record with two lists that must have the same length. Fault `list-length-mismatch` when reading and writing. */
export function paired<T>(record: RecordCodec<T>, one: keyof T & string, other: keyof T & string): RecordCodec<T> {
  const difference = (value: Record<string, unknown>): string | undefined => {
    const ones = (value[one] as readonly unknown[] | undefined)?.length;
    const others = (value[other] as readonly unknown[] | undefined)?.length;
    return ones === others ? undefined : `${ones} ${one}, but ${others} ${other}`;
  };
  const must = (value: object): void => {
    const what = difference(value as Record<string, unknown>);
    if (what !== undefined) throw new Fault("list-length-mismatch", what, { layer: "xdlms" });
  };
  const readInto: RecordCodec<T>["readInto"] = (from, target) => {
    record.readInto(from, target);
    const what = difference(target);
    if (what !== undefined) throw from.fault("list-length-mismatch", what);
  };
  return {
    names: record.names,
    readInto,
    read(from) {
      const target = {};
      readInto(from, target);
      return target as T;
    },
    write(value, to) {
      must(value as object);
      record.write(value, to);
    },
    toJson: (value) => record.toJson(value),
    jsonInto: (value, target) => record.jsonInto(value, target),
    fromJson: (json) => record.fromJson(json),
    fromJsonInto: (json, target) => record.fromJsonInto(json, target),
  };
}

/** A codec with a fixed tag octet before the value. */
export function tagged<C extends Codec<unknown>>(tag: number, inner: C): C {
  const codec: C = {
    ...inner,
    read(from) {
      const at = from.at;
      const found = from.u8();
      if (found !== tag) {
        throw from.fault("unknown-tag", `the tag is 0x${found.toString(16)}, not 0x${tag.toString(16)}`, at);
      }
      return inner.read(from);
    },
    write(value, to) {
      to.u8(tag);
      inner.write(value, to);
    },
  };
  const inline = inlineOf(inner);
  return compiled(codec, {
    read: (program, into, path) =>
      `if (p >= end || o[p++] !== ${tag}) return $fail; ${readStatements(program, inline, into, path)}`,
    write: (program, value, path) => `to.u8(${tag}); ${writeStatements(program, inline, value, path)}`,
  });
}
