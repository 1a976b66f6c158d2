import { fromHex, toHex } from "@dlmskit/core";
import { ObjectIdentifier, Sequence, Set as SetOf, Utf8String } from "asn1js";
import { RelativeDistinguishedNames } from "pkijs";
import { checkSystemTitle } from "../system-title.ts";
import { toDer } from "./asn1.ts";

const commonName = "2.5.4.3";
const known: Readonly<Record<string, string>> = {
  [commonName]: "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
};

/** A system title as a common name: 16 upper-case hexadecimal digits. Green Book 9.2.6.4. Fault `bad-system-title`. */
export function commonNameOf(systemTitle: Uint8Array): string {
  checkSystemTitle(systemTitle);
  return toHex(systemTitle).toUpperCase();
}

/** A Name with one common name. */
export function nameOf(text: string): RelativeDistinguishedNames {
  const name = new Sequence({
    value: [
      new SetOf({
        value: [
          new Sequence({ value: [new ObjectIdentifier({ value: commonName }), new Utf8String({ value: text })] }),
        ],
      }),
    ],
  });
  return RelativeDistinguishedNames.fromBER(toDer(name));
}

export interface NameParts {
  /** DER. */
  readonly der: Uint8Array;
  /** `"CN=4D4D4D0000BC614E, O=…"`; empty for an empty name. */
  readonly text: string;
  readonly commonName: string | undefined;
}

/** The contents of a Name. If it has two common names, none is used: it is not clear which one is valid. */
export function nameParts(name: RelativeDistinguishedNames): NameParts {
  const values = name.typesAndValues.map(({ type, value }) => ({ type, value: String(value.valueBlock.value) }));
  const common = values.filter(({ type }) => type === commonName);
  return {
    der: new Uint8Array(name.valueBeforeDecode),
    text: values.map(({ type, value }) => `${known[type] ?? type}=${value}`).join(", "),
    commonName: common.length === 1 ? common[0]?.value : undefined,
  };
}

/** The system title of a common name; undefined where it is not 16 hexadecimal digits. */
export function titleOf(name: NameParts): Uint8Array | undefined {
  const { commonName } = name;
  return commonName !== undefined && /^[0-9A-Fa-f]{16}$/.test(commonName) ? fromHex(commonName) : undefined;
}
