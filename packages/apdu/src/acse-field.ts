import {
  asObject,
  asText,
  badJson,
  type Codec,
  Fault,
  fromHex,
  inRange,
  type Json,
  type Reader,
  stepped,
  toHex,
  type Writer,
} from "@dlmskit/core";
import {
  Ber,
  bitStringOctets,
  integerOctets,
  oidOctets,
  only,
  putElement,
  readBitString,
  readInteger,
  readOid,
} from "./ber.ts";
import { bitOctets } from "./data-values.ts";

/** A field of an ACSE APDU: its context tag, and the codec of its contents. */
export interface AcseField<T> {
  readonly tag: number;
  readonly codec: Codec<T>;
}

function field<T>(
  tag: number,
  read: (from: Reader) => T,
  write: (value: T, to: Writer) => void,
  toJson: (value: T) => Json,
  fromJson: (json: Json) => T,
): AcseField<T> {
  return { tag, codec: { read, write, toJson, fromJson } };
}

const identity = (text: string): string => text;

/** [tag] EXPLICIT OCTET STRING. */
export const explicitOctets = (tag: number): AcseField<Uint8Array> =>
  field(
    tag,
    (from) => only(from, Ber.octetString).rest(),
    (value, to) => putElement(Ber.octetString, value, to),
    toHex,
    (json) => fromHex(asText(json)),
  );

/** [tag] IMPLICIT octets. */
export const implicitOctets = (tag: number): AcseField<Uint8Array> =>
  field(
    tag,
    (from) => from.rest(),
    (value, to) => to.put(value),
    toHex,
    (json) => fromHex(asText(json)),
  );

/** [tag] EXPLICIT INTEGER. */
export const explicitInteger = (tag: number): AcseField<number> =>
  field(
    tag,
    (from) => readInteger(only(from, Ber.integer)),
    (value, to) => putElement(Ber.integer, integerOctets(value), to),
    (value) => value,
    (json) => inRange(json as number, -0x80000000, 0x7fffffff),
  );

/** [tag] IMPLICIT BIT STRING, as a string of 0 and 1. */
export const implicitBits = (tag: number): AcseField<string> =>
  field(
    tag,
    readBitString,
    (value, to) => to.put(bitStringOctets(value)),
    identity,
    (json) => {
      bitOctets(asText(json));
      return asText(json);
    },
  );

/** [tag] IMPLICIT ACSE-requirements: only the authentication bit is used. */
export const requirements = (tag: number): AcseField<{ readonly authentication: boolean }> =>
  field(
    tag,
    (from) => ({ authentication: readBitString(from).startsWith("1") }),
    (value, to) => to.put(bitStringOctets(value.authentication ? "1" : "0")),
    (value) => ({ authentication: value.authentication }),
    (json) => {
      const { authentication } = asObject(json);
      if (typeof authentication !== "boolean") throw badJson("true or false", authentication);
      return { authentication };
    },
  );

const numberOf = (names: Readonly<Record<string, number>>, name: string): number => {
  const number = Object.hasOwn(names, name) ? names[name] : undefined;
  if (number === undefined) {
    throw new Fault("bad-value", `"${name}" is not a known name`, {
      layer: "acse",
      hint: `one of ${Object.keys(names).join(", ")}`,
    });
  }
  return number;
};

const nameOf = <N extends string>(names: Readonly<Record<N, number>>, number: number, from: Reader): N => {
  for (const name in names) if (names[name] === number) return name;
  throw from.fault("bad-value", `${number} is not a known value`, from.at - 1);
};

/** An enumeration as INTEGER: explicit (within a 02 element) or implicit. */
export function enumerated<N extends string>(
  tag: number,
  names: Readonly<Record<N, number>>,
  form: "explicit" | "implicit",
): AcseField<N> {
  return field<N>(
    tag,
    (from) => {
      const contents = form === "explicit" ? only(from, Ber.integer) : from;
      return nameOf(names, readInteger(contents), contents);
    },
    (value, to) => {
      const contents = integerOctets(numberOf(names, value));
      if (form === "explicit") putElement(Ber.integer, contents, to);
      else to.put(contents);
    },
    identity,
    (json) => {
      numberOf(names, asText(json));
      return asText(json) as N;
    },
  );
}

/** An OBJECT IDENTIFIER: its name if it is `arc.n` in the table, otherwise its numbers as text. */
export function identifier<N extends string>(
  tag: number,
  arc: string,
  names: Readonly<Record<N, number>>,
  form: "explicit" | "implicit",
): AcseField<N | (string & {})> {
  const byOid = new Map(Object.entries<number>(names).map(([name, last]) => [`${arc}.${last}`, name]));
  const octetsOf = (value: string): Uint8Array =>
    oidOctets(Object.hasOwn(names, value) ? `${arc}.${names[value as N]}` : value);
  return field<N | (string & {})>(
    tag,
    (from) => {
      const oid = readOid(form === "explicit" ? only(from, Ber.objectIdentifier) : from);
      return byOid.get(oid) ?? oid;
    },
    (value, to) => {
      if (form === "explicit") putElement(Ber.objectIdentifier, octetsOf(value), to);
      else to.put(octetsOf(value));
    },
    identity,
    (json) => {
      octetsOf(asText(json));
      return asText(json);
    },
  );
}

/** Authentication-value: a graphic string as octets (the form that COSEM uses), bits, or the octets of another form. */
export type AuthenticationValue =
  | { readonly choice: "charstring"; readonly value: Uint8Array }
  | { readonly choice: "bitstring"; readonly value: string }
  | { readonly choice: "external" | "other"; readonly value: Uint8Array };

const choices = { charstring: 0x80, bitstring: 0x81, external: 0xa2, other: 0xa3 } as const;

export const authenticationValue = (tag: number): AcseField<AuthenticationValue> =>
  field<AuthenticationValue>(
    tag,
    (from) => {
      const found = from.peek() ?? 0;
      const choice = (Object.keys(choices) as (keyof typeof choices)[]).find((name) => choices[name] === found);
      if (choice === undefined) {
        throw from.fault("unknown-tag", `no authentication value has the tag 0x${found.toString(16)}`);
      }
      const contents = only(from, found);
      return choice === "bitstring" ? { choice, value: readBitString(contents) } : { choice, value: contents.rest() };
    },
    (value, to) => {
      const contents = value.choice === "bitstring" ? bitStringOctets(value.value) : value.value;
      putElement(numberOf(choices, value.choice), contents, to);
    },
    (value) => ({ choice: value.choice, value: typeof value.value === "string" ? value.value : toHex(value.value) }),
    (json) => {
      const given = asObject(json);
      const choice = asText(given.choice as Json) as keyof typeof choices;
      numberOf(choices, choice);
      const text = asText(given.value as Json);
      if (choice !== "bitstring") return { choice, value: fromHex(text) };
      bitOctets(text);
      return { choice, value: text };
    },
  );

/** Writes a field: its tag, and its contents with their length. */
export function putField<T>({ tag, codec }: AcseField<T>, value: T, to: Writer): void {
  to.u8(tag);
  const opened = to.open();
  codec.write(value, to);
  to.close(opened);
}

/** Reads all the contents of a field. */
export function readField<T>(name: string, { codec }: AcseField<T>, contents: Reader): T {
  const { observer } = contents;
  observer?.enter(name, contents.at);
  try {
    const value = codec.read(contents);
    contents.finish();
    observer?.leave(contents.at, value);
    return value;
  } catch (caught) {
    throw stepped(caught, name);
  }
}
