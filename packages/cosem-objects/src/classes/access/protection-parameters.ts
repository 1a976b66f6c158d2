import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";

/** Bits of a security policy, of a required protection, and of an access mode (versions with bits). */
export const ProtectionBit = {
  authenticatedRequest: 2,
  encryptedRequest: 3,
  digitallySignedRequest: 4,
  authenticatedResponse: 5,
  encryptedResponse: 6,
  digitallySignedResponse: 7,
} as const;

export const ProtectionType = {
  authentication: 0,
  encryption: 1,
  authenticationAndEncryption: 2,
  digitalSignature: 3,
} as const;

export const KeyInfoType = { identifiedKey: 0, wrappedKey: 1, agreedKey: 2 } as const;
export const IdentifiedKeyId = { globalUnicastEncryptionKey: 0, globalBroadcastEncryptionKey: 1 } as const;
export const KekId = { masterKey: 0 } as const;

/** Options of an identified key. */
export const IdentifiedKeyOptions = T.structure({ keyId: T.enumOf(IdentifiedKeyId) });
export type IdentifiedKeyOptions = Of<typeof IdentifiedKeyOptions>;
/** Options of a wrapped key. */
export const WrappedKeyOptions = T.structure({ kekId: T.enumOf(KekId), keyCipheredData: T.octetString });
export type WrappedKeyOptions = Of<typeof WrappedKeyOptions>;
/** Options of an agreed key. */
export const AgreedKeyOptions = T.structure({ keyParameters: T.octetString, keyCipheredData: T.octetString });
export type AgreedKeyOptions = Of<typeof AgreedKeyOptions>;

/** One layer of protection. The options of the key info depend on its type. */
export const ProtectionParameters = T.structure({
  protectionType: T.enumOf(ProtectionType),
  protectionOptions: T.structure({
    transactionId: T.octetString,
    originatorSystemTitle: T.octetString,
    recipientSystemTitle: T.octetString,
    otherInformation: T.octetString,
    keyInfo: T.structure({
      keyInfoType: T.enumOf(KeyInfoType),
      keyInfoOptions: T.oneOf(IdentifiedKeyOptions, WrappedKeyOptions, AgreedKeyOptions),
    }),
  }),
});
export type ProtectionParameters = Of<typeof ProtectionParameters>;
