import {
  asObject,
  badJson,
  Fault,
  inRange,
  type Json,
  type Reader,
  type RecordCodec,
  type Writer,
} from "@dlmskit/core";

export type Priority = "normal" | "high";
export type ServiceClass = "unconfirmed" | "confirmed";

/** Invoke-Id-And-Priority. */
export interface Invoke {
  /** 0 to 15. */
  readonly invokeId: number;
  readonly priority: Priority;
  readonly serviceClass: ServiceClass;
  /** The two reserved bits (4 and 5), 1 to 3; absent when they are 0, as they should be. */
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
  /** The four reserved bits (24 to 27), 1 to 15; absent when they are 0. */
  readonly reserved?: number;
}

/** A record that lies in the bits of one integer; its JSON is its fields as they are. */
function bits<T extends object>(
  names: readonly (keyof T & string)[],
  read: (from: Reader) => T,
  write: (value: T, to: Writer) => void,
  check: (value: Record<string, unknown>) => T,
): RecordCodec<T> {
  const jsonInto = (value: T, target: Record<string, Json>): void => {
    for (const name of names) if (value[name] !== undefined) target[name] = value[name] as Json;
  };
  return {
    names,
    read,
    write,
    readInto: (from, target) => {
      Object.assign(target, read(from));
    },
    toJson(value) {
      const target = {};
      jsonInto(value, target);
      return target;
    },
    jsonInto,
    fromJson(json) {
      const given = asObject(json);
      for (const key of Object.keys(given)) {
        if (!(names as readonly string[]).includes(key)) {
          throw new Fault("bad-json", `"${key}" does not belong here`, { hint: `expected ${names.join(", ")}` });
        }
      }
      return check(given);
    },
    fromJsonInto(json, target) {
      Object.assign(target, check(json));
    },
  };
}

function oneOf<T extends string>(value: unknown, ...names: readonly T[]): T {
  if (!names.includes(value as T)) throw badJson(names.map((name) => `"${name}"`).join(" or "), value as Json);
  return value as T;
}

function withReserved<T>(value: T, reserved: unknown, high: number): T {
  if (reserved === undefined || reserved === 0) return value;
  return { ...value, reserved: inRange(reserved as number, 0, high) };
}

/** One octet: bits 0 to 3 the invoke id, 6 confirmed, 7 high priority. */
export const Invoke: RecordCodec<Invoke> = bits<Invoke>(
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

/** Four octets: bits 0 to 23 the id, 28 self-descriptive, 29 break on error, 30 confirmed, 31 high priority. */
export const LongInvoke: RecordCodec<LongInvoke> = bits<LongInvoke>(
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
