import {
  IdentifiedKeyId,
  KekId,
  KeyInfoType,
  type ProtectionParameters,
  ProtectionType,
} from "../classes/access/protection-parameters.ts";

/** The settings of a layer. Fields that are left out are empty: the side that applies the layer fills in titles and key data. */
export interface ProtectionLayerOptions {
  /** The global unicast encryption key by default. A signature needs none. */
  readonly key?:
    | "global-unicast-encryption-key"
    | "global-broadcast-encryption-key"
    | "wrapped-key"
    | "one-pass-diffie-hellman"
    | "static-unified-model";
  /** Required with `static-unified-model`, and if a signature is the only protection: a different one each time. */
  readonly transactionId?: Uint8Array;
  readonly originatorSystemTitle?: Uint8Array;
  readonly recipientSystemTitle?: Uint8Array;
  readonly otherInformation?: Uint8Array;
}

type KeyInfoOfLayer = ProtectionParameters["protectionOptions"]["keyInfo"];

const none = new Uint8Array(0);
const agreed = (scheme: number): KeyInfoOfLayer => ({
  keyInfoType: KeyInfoType.agreedKey,
  keyInfoOptions: { keyParameters: Uint8Array.of(scheme), keyCipheredData: none },
});
const identified = (keyId: number): KeyInfoOfLayer =>
  ({ keyInfoType: KeyInfoType.identifiedKey, keyInfoOptions: { keyId } }) as KeyInfoOfLayer;
const keyInfos: { readonly [key in NonNullable<ProtectionLayerOptions["key"]>]: KeyInfoOfLayer } = {
  "global-unicast-encryption-key": identified(IdentifiedKeyId.globalUnicastEncryptionKey),
  "global-broadcast-encryption-key": identified(IdentifiedKeyId.globalBroadcastEncryptionKey),
  "wrapped-key": {
    keyInfoType: KeyInfoType.wrappedKey,
    keyInfoOptions: { kekId: KekId.masterKey, keyCipheredData: none },
  },
  "one-pass-diffie-hellman": agreed(1),
  "static-unified-model": agreed(2),
};

/** An element of protection parameters (classes 30 and 40): `protectionLayer("authenticationAndEncryption")`. */
export function protectionLayer(
  type: keyof typeof ProtectionType,
  options: ProtectionLayerOptions = {},
): ProtectionParameters {
  return {
    protectionType: ProtectionType[type],
    protectionOptions: {
      transactionId: options.transactionId ?? none,
      originatorSystemTitle: options.originatorSystemTitle ?? none,
      recipientSystemTitle: options.recipientSystemTitle ?? none,
      otherInformation: options.otherInformation ?? none,
      keyInfo: keyInfos[options.key ?? "global-unicast-encryption-key"],
    },
  };
}
