import { asObject, badJson, Fault, type Json, type Reader, type RecordCodec, type Writer } from "@dlmskit/core";

/** A record in the bits of one integer. Its JSON form has the same fields. `step` is the name of the record for an observer. */
export function bits<T extends object>(
  step: string,
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
      from.observer?.enter(step, from.at);
      const value = read(from);
      Object.assign(target, value);
      from.observer?.leave(from.at, value);
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

/** Gives the value as one of the names. Fault `bad-json` for any other value. */
export function oneOf<T extends string>(value: unknown, ...names: readonly T[]): T {
  if (!names.includes(value as T)) throw badJson(names.map((name) => `"${name}"`).join(" or "), value as Json);
  return value as T;
}
