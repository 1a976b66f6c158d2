import { choice, join, named, type Of, optional, restOctets, sequence, sizedOctets, u8 } from "@dlmskit/core";
import { CipheredFields } from "./ciphering.ts";
import { SizedDateTime } from "./parts.ts";
import { ApduTag } from "./tags.ts";

/** The header of general-ciphering and general-signing. Its encoding is also part of the authenticated data. */
export const GeneralHeader = sequence({
  transactionId: sizedOctets,
  originatorSystemTitle: sizedOctets,
  recipientSystemTitle: sizedOctets,
  dateTime: SizedDateTime,
  otherInformation: sizedOctets,
});
export type GeneralHeader = Of<typeof GeneralHeader>;

/** The keys that an identified-key can name. */
export const KeyId = { "global-unicast-encryption-key": 0, "global-broadcast-encryption-key": 1 } as const;
/** The keys that encrypt other keys. */
export const KekId = { "master-key": 0 } as const;

/** Key-Info: the key that is used, a wrapped key, or the parameters of an agreed key. */
export const KeyInfo = choice("choice", {
  "identified-key": [0, sequence({ keyId: named(u8, KeyId) })],
  "wrapped-key": [1, sequence({ kekId: named(u8, KekId), keyCipheredData: sizedOctets })],
  "agreed-key": [2, sequence({ keyParameters: sizedOctets, keyCipheredData: sizedOctets })],
});
export type KeyInfo = Of<typeof KeyInfo>;

/** general-ciphering (tag DD): any APDU between any two parties, with information about the key. */
export const GeneralCiphering = choice("apdu", {
  "general-ciphering": [
    ApduTag["general-ciphering"],
    join(GeneralHeader, sequence({ keyInfo: optional(KeyInfo) }), CipheredFields),
  ],
});
export type GeneralCiphering = Of<typeof GeneralCiphering>;

/** general-signing (tag DF): any APDU and the signature of its originator (r and s). */
export const GeneralSigning = choice("apdu", {
  "general-signing": [
    ApduTag["general-signing"],
    join(GeneralHeader, sequence({ content: sizedOctets, signature: sizedOctets })),
  ],
});
export type GeneralSigning = Of<typeof GeneralSigning>;

const gatewayFields = sequence({ networkId: u8, physicalDeviceAddress: sizedOctets, content: restOctets });

/** A request to a meter behind a gateway (tag E6), and the response (tag E7). `content` is the APDU. */
export const Gateway = choice("apdu", {
  "gateway-request": [ApduTag["gateway-request"], gatewayFields],
  "gateway-response": [ApduTag["gateway-response"], gatewayFields],
});
export type Gateway = Of<typeof Gateway>;
