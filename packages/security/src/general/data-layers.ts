import { ApduTag, GeneralHeader, KeyInfo, securityControlOf } from "@dlmskit/apdu";
import { choice, decode, encode, join, optional, restOctets, sequence, sizedOctets } from "@dlmskit/core";
import { refusal } from "../refusal.ts";
import type { ReplayGuard } from "../replay.ts";
import type { GeneralKey } from "./general-key.ts";
import { type GeneralOptions, GeneralProtection } from "./general-protection.ts";

/**
 * One layer of protection of COSEM data, as in the classes Data protection and Push setup (Blue Book,
 * protection_parameters_element). Types: 0 authentication, 1 encryption, 2 both, 3 digital signature, which needs no key
 * information. Key information: 0 an identified key (0 global unicast, 1 global broadcast encryption key), 1 a key that is wrapped
 * under the master key, 2 an agreed key (parameters 1: one-pass Diffie-Hellman, 2: static unified model).
 */
export interface DataLayer {
  readonly protectionType: number;
  readonly protectionOptions: {
    readonly transactionId: Uint8Array;
    readonly originatorSystemTitle: Uint8Array;
    readonly recipientSystemTitle: Uint8Array;
    readonly otherInformation: Uint8Array;
    readonly keyInfo: {
      readonly keyInfoType: number;
      readonly keyInfoOptions:
        | { readonly keyId: number }
        | { readonly kekId: number; readonly keyCipheredData: Uint8Array }
        | { readonly keyParameters: Uint8Array; readonly keyCipheredData: Uint8Array };
    };
  };
}

/** Protected data, and its layers with everything that the recipient needs to know. */
export interface SealedData<L extends DataLayer> {
  readonly layers: L[];
  readonly octets: Uint8Array;
}

/** The options to seal or open a layer. */
export type DataKeys = (layer: DataLayer) => GeneralOptions;

// The general APDU with the same protection. For ciphering, the data are the part after the header. For signing, the data are everything.
const General = choice("form", {
  ciphering: [
    ApduTag["general-ciphering"],
    join(GeneralHeader, sequence({ keyInfo: optional(KeyInfo), data: sizedOctets })),
  ],
  signing: [ApduTag["general-signing"], join(GeneralHeader, sequence({ data: restOctets }))],
});

const signature = 3;
const schemes = { 1: "one-pass-diffie-hellman", 2: "static-unified-model" } as const;

/** The key that the key-info of a layer identifies. Fault `missing-key-info`. */
export function generalKeyOf({ keyInfoType, keyInfoOptions }: DataLayer["protectionOptions"]["keyInfo"]): GeneralKey {
  if (keyInfoType === 0 && "keyId" in keyInfoOptions && keyInfoOptions.keyId <= 1) {
    return keyInfoOptions.keyId === 0 ? "global-unicast-encryption-key" : "global-broadcast-encryption-key";
  }
  if (keyInfoType === 1 && "kekId" in keyInfoOptions && keyInfoOptions.kekId === 0) return "wrapped-key";
  if (keyInfoType === 2 && "keyParameters" in keyInfoOptions && keyInfoOptions.keyParameters.length === 1) {
    const scheme = schemes[keyInfoOptions.keyParameters[0] as keyof typeof schemes];
    if (scheme !== undefined) return scheme;
  }
  throw refusal("missing-key-info", `the options have no key of type ${keyInfoType}`);
}

/** The key-info in the form of an APDU. */
function apduKeyInfo({ keyInfo }: DataLayer["protectionOptions"]): KeyInfo {
  const key = generalKeyOf(keyInfo);
  const { keyInfoOptions: options } = keyInfo;
  if ("kekId" in options) {
    return { choice: "wrapped-key", kekId: "master-key", keyCipheredData: options.keyCipheredData };
  }
  if ("keyParameters" in options) return { choice: "agreed-key", ...options };
  return { choice: "identified-key", keyId: key as "global-unicast-encryption-key" };
}

/**
 * Applies layers of protection to data, in order. Returns the content of the octet-string (for ciphering: security control ‖
 * invocation counter ‖ ciphertext ‖ tag; for a signature: content and signature, each with its length), and the layers with the
 * titles and the key data that the recipient needs. Key data in the given layers are replaced. Faults as for
 * `GeneralProtection.seal`, and `missing-key-info`.
 */
export function sealDataLayers<L extends DataLayer>(
  data: Uint8Array,
  layers: readonly L[],
  keys: DataKeys,
): SealedData<L> {
  let octets = data;
  const made = layers.map((layer) => {
    const sealed = seal(octets, layer, new GeneralProtection(keys(layer)));
    octets = sealed.octets;
    return sealed.layer;
  });
  return { layers: made, octets };
}

function seal<L extends DataLayer>(data: Uint8Array, layer: L, protection: GeneralProtection) {
  const { protectionType: type, protectionOptions: options } = layer;
  const { transactionId, otherInformation, recipientSystemTitle: recipient, keyInfo } = options;
  const header = {
    ...{ transactionId, otherInformation },
    ...(recipient.length === 0 ? {} : { recipientSystemTitle: recipient }),
  };
  const apdu = protection.seal(
    data,
    type === signature
      ? { form: "general-signing", ...header }
      : { form: "general-ciphering", ...kindOf(type), key: generalKeyOf(keyInfo), ...header },
  );
  const sealed = decode(General, apdu, { layer: "security" });
  const { originatorSystemTitle, recipientSystemTitle } = sealed;
  const made = sealed.form === "ciphering" && sealed.keyInfo !== undefined ? toldKey(keyInfo, sealed.keyInfo) : keyInfo;
  const told = { ...options, originatorSystemTitle, recipientSystemTitle, keyInfo: made };
  return { layer: { ...layer, protectionOptions: told }, octets: sealed.data };
}

function toldKey(
  asked: DataLayer["protectionOptions"]["keyInfo"],
  made: KeyInfo,
): DataLayer["protectionOptions"]["keyInfo"] {
  if (made.choice === "identified-key") return asked;
  const { keyCipheredData } = made;
  return { ...asked, keyInfoOptions: { ...asked.keyInfoOptions, keyCipheredData } as typeof asked.keyInfoOptions };
}

function kindOf(type: number): { readonly authenticated: boolean; readonly encrypted: boolean } {
  if (type <= 2) return { authenticated: type !== 1, encrypted: type !== 0 };
  throw refusal("bad-security-control", `protection type ${type} does not exist`);
}

/**
 * Opens the layers of protected data, the last layer first. Counters are accepted after all layers are verified, because the layers
 * of one message may share a key. Faults as for `GeneralProtection.open`, `missing-key-info`, and `bad-security-control` if the data
 * are not protected as the layer says.
 */
export function openDataLayers(octets: Uint8Array, layers: readonly DataLayer[], keys: DataKeys): Uint8Array {
  const accepted: { readonly guard: ReplayGuard; readonly counter: number }[] = [];
  const later = (guard: ReplayGuard): ReplayGuard => ({
    get lowest() {
      return guard.lowest;
    },
    check: (counter) => guard.check(counter),
    accept: (counter) => void accepted.push({ guard, counter }),
  });
  const opened = layers.reduceRight((data, layer) => {
    const options = keys(layer);
    const { broadcast, guards } = options;
    return open(
      data,
      layer,
      new GeneralProtection({
        ...options,
        replay: later(options.replay),
        ...(broadcast?.replay === undefined ? {} : { broadcast: { ...broadcast, replay: later(broadcast.replay) } }),
        ...(guards === undefined ? {} : { guards: { guard: (...key) => later(guards.guard(...key)) } }),
      }),
    );
  }, octets);
  for (const { guard, counter } of accepted.sort((one, other) => one.counter - other.counter)) guard.accept(counter);
  return opened;
}

function open(octets: Uint8Array, layer: DataLayer, protection: GeneralProtection): Uint8Array {
  const { protectionType: type, protectionOptions: options } = layer;
  const { transactionId, originatorSystemTitle, recipientSystemTitle, otherInformation } = options;
  const header = { transactionId, originatorSystemTitle, recipientSystemTitle, otherInformation };
  if (type === signature) {
    return protection.open(encode(General, { form: "signing", ...header, data: octets })).apdu;
  }
  const kind = kindOf(type);
  const control = securityControlOf(octets[0] ?? 0);
  if (control.authenticated !== kind.authenticated || control.encrypted !== kind.encrypted) {
    throw refusal("bad-security-control", "the protection of the data differs from its parameters");
  }
  const keyInfo = apduKeyInfo(options);
  return protection.open(encode(General, { form: "ciphering", ...header, keyInfo, data: octets })).apdu;
}
