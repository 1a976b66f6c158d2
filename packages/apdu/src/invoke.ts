import { badJson, inRange, type Json, type RecordCodec, type Writer } from "@dlmskit/core";
import { inlinedRecord } from "@dlmskit/core/internal";
import { bits, oneOf } from "./bits.ts";

export type Priority = "normal" | "high";
export type ServiceClass = "unconfirmed" | "confirmed";

/** Invoke-Id-And-Priority. */
export interface Invoke {
  /** 0 to 15. */
  readonly invokeId: number;
  readonly priority: Priority;
  readonly serviceClass: ServiceClass;
  /** The two reserved bits (4 and 5), 1 to 3; absent if they are 0, as the standard requires. */
  readonly reserved?: number;
}

/** Long-Invoke-Id-And-Priority. */
export interface LongInvoke {
  /** 0 to 0xFFFFFF. */
  readonly longInvokeId: number;
  readonly selfDescriptive: boolean;
  readonly processingOption: "continue-on-error" | "break-on-error";
  readonly serviceClass: ServiceClass;
  readonly priority: Priority;
  /** The four reserved bits (24 to 27), 1 to 15; absent if they are 0. */
  readonly reserved?: number;
}

function withReserved<T>(value: T, reserved: unknown, high: number): T {
  if (reserved === undefined || reserved === 0) return value;
  return { ...value, reserved: inRange(reserved as number, 0, high) };
}

// One octet: bits 0 to 3 the invoke id, 6 confirmed, 7 high priority.
const invokeBits: RecordCodec<Invoke> = bits<Invoke>(
  "invokeIdAndPriority",
  ["invokeId", "priority", "serviceClass", "reserved"],
  (from) => {
    const octet = from.u8();
    const invokeId = octet & 0x0f;
    const priority = (octet & 0x80) !== 0 ? "high" : "normal";
    const serviceClass = (octet & 0x40) !== 0 ? "confirmed" : "unconfirmed";
    return (octet & 0x30) === 0
      ? { invokeId, priority, serviceClass }
      : { invokeId, priority, serviceClass, reserved: (octet >> 4) & 3 };
  },
  (value, to) => {
    to.u8(
      inRange(value.invokeId, 0, 15) |
        (value.priority === "high" ? 0x80 : 0) |
        (value.serviceClass === "confirmed" ? 0x40 : 0) |
        (inRange(value.reserved ?? 0, 0, 3) << 4),
    );
  },
  (given) =>
    withReserved(
      {
        invokeId: inRange(given.invokeId as number, 0, 15),
        priority: oneOf(given.priority, "normal", "high"),
        serviceClass: oneOf(given.serviceClass, "unconfirmed", "confirmed"),
      },
      given.reserved,
      3,
    ),
);

/** One octet: bits 0 to 3 the invoke id, 6 confirmed, 7 high priority. */
export const Invoke: RecordCodec<Invoke> = inlinedRecord(invokeBits, {
  read(program) {
    const octet = program.variable();
    return {
      statements: `if (p >= end || (o[p] & 0x30) !== 0) return $fail; const ${octet} = o[p++];`,
      members: [
        { name: "invokeId", value: `${octet} & 0x0f` },
        { name: "priority", value: `(${octet} & 0x80) !== 0 ? "high" : "normal"` },
        { name: "serviceClass", value: `(${octet} & 0x40) !== 0 ? "confirmed" : "unconfirmed"` },
      ],
    };
  },
  write: (program, value) => `if (!${program.bind(putInvoke)}(${value}, to)) return false;`,
});

/** Writes the octet if no reserved bit is set; gives whether it was written. */
function putInvoke({ invokeId, priority, serviceClass, reserved }: Invoke, to: Writer): boolean {
  if ((invokeId & 0x0f) !== invokeId || reserved !== undefined) return false;
  to.u8(invokeId | (priority === "high" ? 0x80 : 0) | (serviceClass === "confirmed" ? 0x40 : 0));
  return true;
}

/** Four octets: bits 0 to 23 the id, 28 self-descriptive, 29 break on error, 30 confirmed, 31 high priority. */
export const LongInvoke: RecordCodec<LongInvoke> = bits<LongInvoke>(
  "longInvokeIdAndPriority",
  ["longInvokeId", "selfDescriptive", "processingOption", "serviceClass", "priority", "reserved"],
  (from) => {
    const word = from.u32();
    return withReserved(
      {
        longInvokeId: word & 0xffffff,
        selfDescriptive: (word & 0x10000000) !== 0,
        processingOption: (word & 0x20000000) !== 0 ? "break-on-error" : "continue-on-error",
        serviceClass: (word & 0x40000000) !== 0 ? "confirmed" : "unconfirmed",
        priority: (word & 0x80000000) !== 0 ? "high" : "normal",
      },
      (word >>> 24) & 0x0f,
      15,
    );
  },
  (value, to) => {
    to.u32(
      (inRange(value.longInvokeId, 0, 0xffffff) |
        (inRange(value.reserved ?? 0, 0, 15) << 24) |
        (value.selfDescriptive ? 0x10000000 : 0) |
        (value.processingOption === "break-on-error" ? 0x20000000 : 0) |
        (value.serviceClass === "confirmed" ? 0x40000000 : 0) |
        (value.priority === "high" ? 0x80000000 : 0)) >>>
        0,
    );
  },
  (given) => {
    if (typeof given.selfDescriptive !== "boolean") throw badJson("true or false", given.selfDescriptive as Json);
    return withReserved(
      {
        longInvokeId: inRange(given.longInvokeId as number, 0, 0xffffff),
        selfDescriptive: given.selfDescriptive,
        processingOption: oneOf(given.processingOption, "continue-on-error", "break-on-error"),
        serviceClass: oneOf(given.serviceClass, "unconfirmed", "confirmed"),
        priority: oneOf(given.priority, "normal", "high"),
      },
      given.reserved,
      15,
    );
  },
);
