import type { Offer, OfferedSecurity } from "@dlmskit/association";
import type { AssociationState } from "./association-state.ts";

/** What a meter lets a client open, read anew at each use: keys, policy and secret may change while the server runs. */
export function offerOf(state: AssociationState, systemTitle: Uint8Array): Offer {
  const { association } = state;
  const { security, conformance, maxReceivePduSize, maxSendPduSize, instance, preEstablished } = association;
  const { unconfirmed, countedPduSize, shortSecrets } = association;
  const offer = {
    context: "logical-name" as const,
    ciphered: security.ciphered,
    mechanism: security.mechanism,
    get secret() {
      return state.secret;
    },
    conformance,
    maxReceivePduSize,
    ...(maxSendPduSize === 0 ? {} : { maxSendPduSize }),
    ...(preEstablished === undefined ? {} : { preEstablished }),
    associationInstance: instance,
    unconfirmed,
    countedPduSize,
    shortSecrets,
    // GMAC and ECDSA need titles and keys in every context.
    ...(security.ciphered || security.mechanism >= 5 ? { security: offeredSecurity(state, systemTitle) } : {}),
  };
  return offer as Offer;
}

function offeredSecurity(state: AssociationState, systemTitle: Uint8Array): OfferedSecurity {
  const { security, strictChallenges } = state.association;
  const offered = {
    suite: security.suite,
    get policy() {
      return state.securityPolicy;
    },
    get keys() {
      return state.keys;
    },
    get counters() {
      return state.counters;
    },
    get replay() {
      return state.replay;
    },
    get keyVersion() {
      return state.keyVersion;
    },
    get masterKey() {
      return state.masterKey;
    },
    get broadcast() {
      return state.broadcast;
    },
    privateKeys: state.credentials.privateKeys,
    peerKeys: state.credentials.peerKeys,
    guards: state.guards,
    systemTitle,
    ...(strictChallenges ? { strictChallenges: true } : {}),
    ...(security.accept === undefined ? {} : { accept: security.accept }),
  };
  return offered as OfferedSecurity;
}
