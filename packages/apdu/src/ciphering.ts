import {
  asObject,
  asText,
  badJson,
  type Codec,
  choice,
  Fault,
  fromHex,
  inRange,
  type Json,
  join,
  type Of,
  type Reader,
  type RecordCodec,
  sequence,
  sizedOctets,
  toHex,
} from "@dlmskit/core";
import { ApduTag, DedTag, GloTag } from "./tags.ts";

/** The security control octet: bits 0 to 3 the suite, 4 authenticated, 5 encrypted, 6 the broadcast key, 7 compressed. */
export interface SecurityControl {
  readonly suite: number;
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly broadcast: boolean;
  readonly compressed: boolean;
}

/** Decodes a security control octet. */
export function securityControlOf(octet: number): SecurityControl {
  return {
    suite: octet & 0x0f,
    authenticated: (octet & 0x10) !== 0,
    encrypted: (octet & 0x20) !== 0,
    broadcast: (octet & 0x40) !== 0,
    compressed: (octet & 0x80) !== 0,
  };
}

/** Encodes a security control octet. Fault `out-of-range` for a suite above 15. */
export function securityControlOctet(control: SecurityControl): number {
  return (
    inRange(control.suite, 0, 15) |
    (control.authenticated ? 0x10 : 0) |
    (control.encrypted ? 0x20 : 0) |
    (control.broadcast ? 0x40 : 0) |
    (control.compressed ? 0x80 : 0)
  );
}

const flags = ["authenticated", "encrypted", "broadcast", "compressed"] as const;

export const SecurityControl: Codec<SecurityControl> = {
  read: (from) => securityControlOf(from.u8()),
  write: (value, to) => to.u8(securityControlOctet(value)),
  toJson: (value) => ({ ...value }),
  fromJson(json) {
    const given = asObject(json);
    for (const name of flags) if (typeof given[name] !== "boolean") throw badJson("true or false", given[name]);
    const control = given as unknown as SecurityControl;
    securityControlOctet(control);
    const { suite, authenticated, encrypted, broadcast, compressed } = control;
    return { suite, authenticated, encrypted, broadcast, compressed };
  },
};

/** The security header of a ciphered APDU, then ciphertext (plaintext if only authenticated), then a tag of 12 octets if authenticated. */
export interface CipheredFields {
  readonly securityControl: SecurityControl;
  readonly invocationCounter: number;
  readonly ciphertext: Uint8Array;
}

/** The number of octets of the authentication tag in every suite. */
export const authenticationTagLength = 12;

/** A length, then security control, invocation counter and ciphertext. Fault `too-short-for-tag` if the length is too short for the tag. */
export const CipheredFields: RecordCodec<CipheredFields> = (() => {
  const names = ["securityControl", "invocationCounter", "ciphertext"] as const;
  const read = (from: Reader): CipheredFields => {
    const length = from.boundedLength();
    const end = from.at + length;
    if (length < 5) throw from.fault("truncated", `a security header has 5 octets, but there are ${length}`);
    const { observer } = from;
    observer?.enter("securityControl", from.at);
    const securityControl = securityControlOf(from.u8());
    observer?.leave(from.at, securityControl);
    observer?.enter("invocationCounter", from.at);
    const invocationCounter = from.u32();
    observer?.leave(from.at, invocationCounter);
    if (securityControl.authenticated && length < 5 + authenticationTagLength) {
      throw from.fault(
        "too-short-for-tag",
        `${length - 5} octets are too few for the authentication tag of ${authenticationTagLength}`,
      );
    }
    observer?.enter("ciphertext", from.at);
    const ciphertext = from.take(end - from.at);
    observer?.leave(end, ciphertext);
    return { securityControl, invocationCounter, ciphertext };
  };
  const jsonInto = (value: CipheredFields, target: Record<string, Json>): void => {
    target.securityControl = SecurityControl.toJson(value.securityControl);
    target.invocationCounter = value.invocationCounter;
    target.ciphertext = toHex(value.ciphertext);
  };
  const fromJson = (json: { readonly [key: string]: Json }): CipheredFields => ({
    securityControl: SecurityControl.fromJson(json.securityControl as Json),
    invocationCounter: inRange(json.invocationCounter as number, 0, 0xffffffff),
    ciphertext: fromHex(asText(json.ciphertext as Json)),
  });
  return {
    names,
    read,
    readInto: (from, target) => {
      Object.assign(target, read(from));
    },
    write(value, to) {
      if (!(value.ciphertext instanceof Uint8Array)) throw new Fault("type-unmatched", "the ciphertext must be octets");
      to.size(5 + value.ciphertext.length);
      to.u8(securityControlOctet(value.securityControl));
      to.u32(inRange(value.invocationCounter, 0, 0xffffffff));
      to.put(value.ciphertext);
    },
    toJson(value) {
      const target = {};
      jsonInto(value, target);
      return target;
    },
    jsonInto,
    fromJson: (json) => fromJson(asObject(json)),
    fromJsonInto: (json, target) => {
      Object.assign(target, fromJson(json));
    },
  };
})();

type CipheredArms<T extends Readonly<Record<string, number>>> = {
  readonly [N in keyof T]: readonly [T[N], RecordCodec<CipheredFields>];
};

function cipheredArms<T extends Readonly<Record<string, number>>>(tags: T): CipheredArms<T> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, tag]) => [name, [tag, CipheredFields]]),
  ) as unknown as CipheredArms<T>;
}

/** APDUs ciphered with the global key, each with its own tag (glo-get-request …). */
export const GloCiphered = choice("apdu", cipheredArms(GloTag));
export type GloCiphered = Of<typeof GloCiphered>;

/** APDUs ciphered with the dedicated key, each with its own tag (ded-get-request …). */
export const DedCiphered = choice("apdu", cipheredArms(DedTag));
export type DedCiphered = Of<typeof DedCiphered>;

const withSystemTitle = join(sequence({ systemTitle: sizedOctets }), CipheredFields);

/** general-glo-ciphering (tag DB) and general-ded-ciphering (tag DC): any APDU, with the system title of the sender. */
export const GeneralGloDedCiphering = choice("apdu", {
  "general-glo-ciphering": [ApduTag["general-glo-ciphering"], withSystemTitle],
  "general-ded-ciphering": [ApduTag["general-ded-ciphering"], withSystemTitle],
});
export type GeneralGloDedCiphering = Of<typeof GeneralGloDedCiphering>;
