import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import {
  type AnyObject,
  associationObject,
  type Context,
  dataObject,
  type MaybePromise,
  object,
  refuse,
  SecuritySetup0,
  SecuritySetup1,
  type WrappedKeys,
} from "@dlmskit/cosem-objects";
import type { CryptoProvider } from "@dlmskit/security";
import type { Association } from "./association-spec.ts";
import type { AssociationState, NewKeys } from "./association-state.ts";

/** What the objects about security need of the meter that they are read in. */
export interface SecurityPort {
  readonly provider: CryptoProvider;
  readonly systemTitle: Uint8Array;
  state(association: Association): AssociationState;
  /** System title of the client that has the association open. */
  clientSystemTitle(association: Association): Uint8Array | undefined;
  isOpen(association: Association): boolean;
}

type PortOf = (context: Context) => SecurityPort;
const keyNames = ["encryptionKey", "broadcastKey", "authenticationKey", "masterKey"] as const;

/** The objects that every logical device has for its associations: Association LN, Security setup, invocation counters. */
export function securityObjects(associations: readonly Association[], port: PortOf): AnyObject[] {
  const current = associationObject({
    instance: "0.0.40.0.0.255",
    version: associations[0]?.version ?? 1,
    rights: undefined,
    information: ({ association }) => association,
  });
  return [current, ...associations.flatMap((one) => objectsOf(one, port))];
}

function objectsOf(association: Association, port: PortOf): AnyObject[] {
  const { instance, version, rights, security, securitySetup, invocationCounter } = association;
  const changeable =
    security.mechanism === 1 || (security.mechanism >= 2 && security.mechanism !== 5 && security.mechanism !== 7);
  const objects: AnyObject[] = [
    associationObject({
      instance,
      version,
      rights,
      hls: security.mechanism >= 2,
      information: (context) =>
        context.association?.instanceId === instance
          ? context.association
          : {
              instanceId: instance,
              clientSap: association.client,
              serverSap: context.device.sap,
              status: port(context).isOpen(association) ? "associated" : "non-associated",
              applicationContext: security.ciphered ? 3 : 1,
              mechanism: security.mechanism,
              conformance: association.conformance,
              maxReceivePduSize: association.maxReceivePduSize,
              maxSendPduSize: association.maxReceivePduSize,
              dlmsVersion: 6,
              qualityOfService: 0,
              rights,
              ...(securitySetup === undefined ? {} : { securitySetup }),
            },
      ...(changeable
        ? {
            changeSecret(secret, context) {
              if (security.mechanism === 2 && secret.length !== 16)
                throw refuse("other-reason", "the secret has 16 octets");
              return port(context).state(association).changeSecret(secret.slice());
            },
          }
        : {}),
    }),
  ];
  if (securitySetup !== undefined) objects.push(setupObject(association, securitySetup, port));
  if (invocationCounter !== undefined) {
    objects.push(
      dataObject(
        invocationCounter,
        { type: T.doubleLongUnsigned, value: 0 },
        { read: { value: (_, context) => port(context).state(association).lastPeerCounter } },
      ),
    );
  }
  return objects;
}

function setupObject(association: Association, instance: string, port: PortOf): AnyObject {
  const { setupVersion, suite } = association.security;
  const stateOf = (context: Context): AssociationState => port(context).state(association);
  const none = fromAscii("");
  const values = {
    securityPolicy: 0,
    securitySuite: suite,
    clientSystemTitle: none,
    serverSystemTitle: none,
  };
  const read = {
    securityPolicy: (_: unknown, context: Context) => stateOf(context).policy,
    clientSystemTitle: (_: unknown, context: Context) => port(context).clientSystemTitle(association) ?? none,
    serverSystemTitle: (_: unknown, context: Context) => port(context).systemTitle,
  };
  const activate = (_: unknown, policy: number, context: Context): MaybePromise<void> => {
    const state = stateOf(context);
    // A policy only ever gets stronger; version 1 has bits 2 to 7.
    const known = setupVersion === 0 ? policy <= 3 : (policy & 0x03) === 0;
    const signing = setupVersion === 1 && (policy & 0x90) !== 0;
    if (!known || signing || (policy & state.policy) !== state.policy) {
      throw refuse("other-reason", "the policy is unknown or weaker than the one in force");
    }
    return state.changePolicy(policy);
  };
  const transfer = (_: unknown, wrapped: WrappedKeys, context: Context): MaybePromise<void> =>
    stateOf(context).changeKeys(
      unwrapAll(wrapped, stateOf(context), port(context).provider, setupVersion),
      context.now,
    );
  return setupVersion === 0
    ? object(SecuritySetup0, instance, values, {
        read,
        invoke: { securityActivate: activate, globalKeyTransfer: transfer },
      })
    : object(SecuritySetup1, instance, values, { read, invoke: { securityActivate: activate, keyTransfer: transfer } });
}

/** All keys, or none: any that does not unwrap, has an unknown id or another length refuses them all. */
function unwrapAll(wrapped: WrappedKeys, state: AssociationState, provider: CryptoProvider, version: 0 | 1): NewKeys {
  const { masterKey } = state;
  if (masterKey === undefined) throw refuse("object-unavailable", "there is no master key to unwrap with");
  if (wrapped.length === 0) throw refuse("other-reason", "no key was given");
  const length = state.association.security.suite === 2 ? 32 : 16;
  const keys: NewKeys = {};
  for (const { keyId, wrapped: octets } of wrapped) {
    const name = keyId === 3 && version === 0 ? undefined : keyNames[keyId];
    if (name === undefined || keys[name] !== undefined) throw refuse("other-reason", `key id ${keyId}`);
    let key: Uint8Array;
    try {
      key = provider.unwrapKey(masterKey, octets);
    } catch {
      throw refuse("other-reason", "a key does not unwrap");
    }
    if (key.length !== length) throw refuse("other-reason", `a key of ${key.length} octets`);
    keys[name] = key;
  }
  return keys;
}
