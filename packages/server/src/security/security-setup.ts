import { type Data, fromData } from "@dlmskit/apdu";
import { type Codec, Fault, fromAscii } from "@dlmskit/core";
import {
  type AnyObject,
  CertificateByEntity,
  CertificateBySerial,
  type CertificateIdentification,
  type Context,
  type KeyAgreementData,
  type MaybePromise,
  object,
  refusalOf,
  refuse,
  SecuritySetup0,
  SecuritySetup1,
  type WrappedKeys,
} from "@dlmskit/cosem-objects";
import { type AgreedKeyId, agreeKey, offerKey } from "@dlmskit/security";
import type { Association } from "../meter/association-spec.ts";
import type { AssociationState, NewKeys } from "./association-state.ts";
import { type HeldCertificate, type KeyUsage, keyUsageOf } from "./credentials.ts";
import { type SecurityPort, securityPortOf } from "./security-port.ts";

const keyNames = ["encryptionKey", "broadcastKey", "authenticationKey", "masterKey"] as const;
const signedRequest = 0x10;
const signedResponse = 0x80;

/** The Security setup of an association (class 64; Blue Book 4.4.7), in the version of the association. */
export function setupObject(association: Association, instance: string): AnyObject {
  const { setupVersion, suite } = association.security;
  const stateOf = (context: Context): AssociationState => securityPortOf(context).state(association);
  const none = fromAscii("");
  const values = {
    securityPolicy: 0,
    securitySuite: suite,
    clientSystemTitle: none,
    serverSystemTitle: none,
  };
  const read = {
    securityPolicy: (_: unknown, context: Context) => stateOf(context).policy,
    clientSystemTitle: (_: unknown, context: Context) => securityPortOf(context).clientSystemTitle(association) ?? none,
    serverSystemTitle: (_: unknown, context: Context) => securityPortOf(context).systemTitle,
  };
  const activate = (_: unknown, policy: number, context: Context): void => {
    const state = stateOf(context);
    checkPolicy(policy, state, securityPortOf(context).clientSystemTitle(association));
    state.changePolicy(policy, securityPortOf(context).work);
  };
  const transfer = (_: unknown, wrapped: WrappedKeys, context: Context): MaybePromise<void> =>
    stateOf(context).changeKeys(
      unwrapAll(wrapped, stateOf(context), securityPortOf(context)),
      context.now,
      securityPortOf(context).work,
    );
  if (setupVersion === 0) {
    return object(SecuritySetup0, instance, values, {
      read,
      invoke: { securityActivate: activate, globalKeyTransfer: transfer },
    });
  }
  if (suite === 0) {
    // Without key pairs and certificates, their methods do not exist.
    return object(SecuritySetup1, instance, values, {
      read,
      invoke: { securityActivate: activate, keyTransfer: transfer },
    });
  }
  return object(SecuritySetup1, instance, values, {
    read: { ...read, certificates: (_, context) => stateOf(context).credentials.certificates.map(listed) },
    invoke: {
      securityActivate: activate,
      keyTransfer: transfer,
      keyAgreement: (_, offered, context) =>
        agree(offered, stateOf(context), securityPortOf(context), association, context.now),
      generateKeyPair: (_, usage, context) =>
        refusing(() => stateOf(context).credentials.generate(usageFrom(usage), securityPortOf(context).work)),
      generateCertificateRequest: (_, usage, context) =>
        refusing(() => stateOf(context).credentials.request(usageFrom(usage))),
      importCertificate: (_, der, context) =>
        refusing(() => stateOf(context).credentials.import(der, securityPortOf(context).work)),
      exportCertificate: (_, which, context) => find(which, stateOf(context)).certificate.der,
      removeCertificate: (_, which, context) =>
        stateOf(context).credentials.remove(find(which, stateOf(context)), securityPortOf(context).work),
    },
  });
}

/** A policy can only become stronger, and only as strong as both ends can support. */
function checkPolicy(policy: number, state: AssociationState, client: Uint8Array | undefined): void {
  const { setupVersion, suite } = state.association.security;
  // Version 1 uses bits 2 to 7.
  const known = setupVersion === 0 ? policy <= 3 : (policy & 0x03) === 0;
  if (!known || (policy & state.policy) !== state.policy) {
    throw refuse("other-reason", "the policy is unknown or weaker than the one in force");
  }
  if (setupVersion === 0) return;
  const { credentials } = state;
  const { digitalSignature } = credentials.privateKeys;
  if ((policy & signedResponse) !== 0 && (suite === 0 || digitalSignature === undefined)) {
    throw refuse("other-reason", "the meter has no key to sign with");
  }
  const peer = client && credentials.publicKey(client, "digital-signature");
  if ((policy & signedRequest) !== 0 && (suite === 0 || peer === undefined)) {
    throw refuse("other-reason", "the client's signature cannot be verified");
  }
}

function keyName(keyId: number, keys: NewKeys, version: 0 | 1): (typeof keyNames)[number] {
  const name = keyId === 3 && version === 0 ? undefined : keyNames[keyId];
  if (name === undefined || keys[name] !== undefined) throw refuse("other-reason", `key id ${keyId}`);
  return name;
}

/** Unwraps all keys or none: all are refused if one cannot be unwrapped, has an unknown id or a wrong length. */
function unwrapAll(wrapped: WrappedKeys, state: AssociationState, { provider }: SecurityPort): NewKeys {
  const { masterKey } = state;
  if (masterKey === undefined) throw refuse("object-unavailable", "there is no master key to unwrap with");
  if (wrapped.length === 0) throw refuse("other-reason", "no key was given");
  const { suite, setupVersion } = state.association.security;
  const length = suite === 2 ? 32 : 16;
  const keys: NewKeys = {};
  for (const { keyId, wrapped: octets } of wrapped) {
    const name = keyName(keyId, keys, setupVersion);
    let key: Uint8Array;
    try {
      key = provider.unwrapKey(masterKey, octets);
    } catch {
      throw refuse("other-reason", "a key cannot be unwrapped");
    }
    if (key.length !== length) throw refuse("other-reason", `a key of ${key.length} octets`);
    keys[name] = key;
  }
  return keys;
}

/** key_agreement, C(2e,0s): agrees on all keys or none. The answer contains the part of this end for each key. */
function agree(
  offered: KeyAgreementData,
  state: AssociationState,
  port: SecurityPort,
  association: Association,
  now: number,
): MaybePromise<KeyAgreementData> {
  if (offered.length === 0) throw refuse("other-reason", "no key was offered");
  const { provider, random, systemTitle } = port;
  const { suite } = association.security;
  const client = port.clientSystemTitle(association);
  const signingKey = state.credentials.privateKeys.digitalSignature;
  const peerPublicKey = client && state.credentials.publicKey(client, "digital-signature");
  if (client === undefined || signingKey === undefined || peerPublicKey === undefined) {
    throw refuse("object-unavailable", "there are no keys to sign and verify with");
  }
  const keys: NewKeys = {};
  const answers: { keyId: number; keyData: Uint8Array }[] = [];
  for (const { keyId: number, keyData } of offered) {
    const name = keyName(number, keys, 1);
    const keyId = number as AgreedKeyId;
    refusing(() => {
      const offer = offerKey({ provider, suite, keyId, signingKey, random });
      keys[name] = agreeKey({
        ...{ provider, suite, keyId, offer, keyData, peerPublicKey },
        initiatorSystemTitle: client,
        responderSystemTitle: systemTitle,
      });
      answers.push({ keyId, keyData: offer.keyData });
    });
  }
  const changing = state.changeKeys(keys, now, port.work);
  return changing === undefined ? answers : changing.then(() => answers);
}

/** Refuses invalid keys and certificates without giving the client a reason. */
export function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (caught) {
    if (!(caught instanceof Fault) || refusalOf(caught) !== undefined || caught.layer !== "security") throw caught;
    throw refuse("other-reason", `${caught.code}: ${caught.message}`);
  }
}

function usageFrom(number: number): KeyUsage {
  const usage = keyUsageOf(number);
  if (usage === undefined) throw refuse("other-reason", `there is no key pair of usage ${number}`);
  return usage;
}

function find(
  { identificationType, options }: CertificateIdentification,
  { credentials }: AssociationState,
): HeldCertificate {
  const found =
    identificationType === 0
      ? byEntity(options, credentials)
      : identificationType === 1
        ? bySerial(options, credentials)
        : undefined;
  if (found === undefined) throw refuse("object-unavailable", "there is no such certificate");
  return found;
}

function optionsAs<V>(codec: Codec<V>, options: Data): V {
  try {
    return fromData(codec, options);
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    throw refuse("type-unmatched", caught.message);
  }
}

function byEntity(options: Data, credentials: AssociationState["credentials"]): HeldCertificate | undefined {
  const { certificateEntity, certificateType, systemTitle } = optionsAs(CertificateByEntity, options);
  return credentials.byEntity(certificateEntity, certificateType, systemTitle);
}

function bySerial(options: Data, credentials: AssociationState["credentials"]): HeldCertificate | undefined {
  const { serialNumber, issuer } = optionsAs(CertificateBySerial, options);
  return credentials.bySerial(serialNumber, issuer);
}

const none = new Uint8Array(0);

/** An element of attribute 6. */
function listed({ certificate, entity, type }: HeldCertificate) {
  const { serialNumber, issuer, subject } = certificate;
  return {
    ...{ certificateEntity: entity, certificateType: type },
    ...{ serialNumber, issuer, subject, subjectAltName: none },
  };
}
