import {
  asList,
  asText,
  bool,
  type Codec,
  choice,
  Fault,
  i8,
  type Of,
  optional,
  sequence,
  sizedOctets,
  u8,
  u16,
  withDefault,
} from "@dlmskit/core";
import { Conformance as ConformanceBits, type ConformanceName } from "./enumerations.ts";
import { ApduTag } from "./tags.ts";

const conformanceNames = Object.keys(ConformanceBits) as ConformanceName[];

/** The services of a conformance block of 24 bits, in the order of the bits. */
export function conformanceOf(block: number): ConformanceName[] {
  return conformanceNames.filter((name) => (block & (0x800000 >> ConformanceBits[name])) !== 0);
}

/** The conformance block of 24 bits for the given services. Fault `bad-value` for an unknown name. */
export function conformanceBlock(names: readonly ConformanceName[]): number {
  let block = 0;
  for (const name of names) {
    if (!Object.hasOwn(ConformanceBits, name)) {
      throw new Fault("bad-value", `"${String(name)}" is not a conformance bit`, { hint: conformanceNames.join(", ") });
    }
    block |= 0x800000 >> ConformanceBits[name];
  }
  return block;
}

/**
 * Conformance, [APPLICATION 31] IMPLICIT BIT STRING (SIZE(24)): the only BER element in A-XDR, 5F 1F 04 00 and three octets.
 * A tag of one octet, 5F 04 00, is also accepted: the ASN.1 comment of Conformance allows it, and clients of the 3-layer HDLC
 * profile send it.
 */
export const ConformanceBlock: Codec<readonly ConformanceName[]> = {
  read(from) {
    const at = from.at;
    if (from.u8() !== 0x5f) throw from.fault("unknown-tag", "a conformance block must have the tag 5F1F", at);
    if (from.peek() === 0x1f) from.u8();
    const lengthAt = from.at;
    if (from.length() !== 4) {
      throw from.fault("bad-length", "a conformance block has 24 bits: its length must be 4", lengthAt);
    }
    if (from.u8() !== 0) throw from.fault("bad-value", "a conformance block must have no unused bits", from.at - 1);
    return conformanceOf((from.u8() << 16) | from.u16());
  },
  write(value, to) {
    const block = conformanceBlock(value);
    to.u16(0x5f1f);
    to.u16(0x0400);
    to.u8(block >>> 16);
    to.u16(block & 0xffff);
  },
  toJson: (value) => [...value],
  fromJson: (json) => conformanceOf(conformanceBlock(asList(json).map(asText) as ConformanceName[])),
};

/** InitiateRequest (tag 01), the user information of an AARQ. */
export const InitiateRequest = choice("apdu", {
  "initiate-request": [
    ApduTag["initiate-request"],
    sequence({
      dedicatedKey: optional(sizedOctets),
      responseAllowed: withDefault(bool, true),
      proposedQualityOfService: optional(i8),
      proposedDlmsVersionNumber: u8,
      proposedConformance: ConformanceBlock,
      clientMaxReceivePduSize: u16,
    }),
  ],
});
export type InitiateRequest = Of<typeof InitiateRequest>;

/** InitiateResponse (tag 08), the user information of an AARE. vaaName: 0x0007 with logical names, 0xFA00 with short names. */
export const InitiateResponse = choice("apdu", {
  "initiate-response": [
    ApduTag["initiate-response"],
    sequence({
      negotiatedQualityOfService: optional(i8),
      negotiatedDlmsVersionNumber: u8,
      negotiatedConformance: ConformanceBlock,
      serverMaxReceivePduSize: u16,
      vaaName: u16,
    }),
  ],
});
export type InitiateResponse = Of<typeof InitiateResponse>;
