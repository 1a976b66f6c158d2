import { concat, fromHex } from "@dlmskit/core";
import {
  type Context,
  type DataProtector,
  type HeardOf,
  type ProtectionParameters,
  ProtectionType,
  refuse,
} from "@dlmskit/cosem-objects";
import { type GeneralOptions, openDataLayers, type ReplayGuard, sealDataLayers } from "@dlmskit/security";
import type { AssociationState } from "./association-state.ts";
import { type SecurityPort, securityPortOf } from "./security-port.ts";
import { refusing } from "./security-setup.ts";

const { encryption, digitalSignature } = ProtectionType;

/**
 * Protects data with the keys of the requesting association: its global keys, its master key, and the key pairs and certificates of its
 * Security setup. It uses the invocation counters of the association's APDUs. For `dataProtection` of @dlmskit/cosem-objects.
 */
export function dataProtector(): DataProtector {
  return {
    scope: (context) => stateOf(context).state,
    apply(parameters, octets, context) {
      const { state, port } = stateOf(context);
      const client = port.clientSystemTitle(state.association);
      return refusing(() => {
        const sealed = sealDataLayers(octets, parameters, () => keysOf(state, port, { parameters, peer: client }));
        return { parameters: sealed.layers, octets: sealed.octets };
      });
    },
    remove(parameters, octets, heardOf, context) {
      const { state, port } = stateOf(context);
      const client = port.clientSystemTitle(state.association);
      return refusing(() =>
        openDataLayers(octets, parameters, ({ protectionOptions: { originatorSystemTitle: told } }) =>
          keysOf(state, port, { parameters, peer: told.length > 0 ? told : client, heardOf }),
        ),
      );
    },
  };
}

function stateOf(context: Context): { readonly state: AssociationState; readonly port: SecurityPort } {
  const port = securityPortOf(context);
  const asking = context.association?.instanceId;
  const association = port.associations.find(({ instance }) => instance === asking);
  if (association?.security.ciphered !== true) {
    throw refuse("object-unavailable", "the association has no keys to protect data with");
  }
  return { state: port.state(association), port };
}

interface Direction {
  readonly parameters: readonly ProtectionParameters[];
  readonly peer: Uint8Array | undefined;
  /** For removing protection. */
  readonly heardOf?: HeardOf;
}

function keysOf(
  state: AssociationState,
  { provider, random, systemTitle }: SecurityPort,
  { parameters, peer, heardOf }: Direction,
): GeneralOptions {
  const { association, keys, masterKey, counters, credentials } = state;
  const senderOf = (...parts: Uint8Array[]) => provider.hash("sha256", concat(...parts)).subarray(0, 16);
  const guard = (sender: Uint8Array, once = false): ReplayGuard => guardOf(heardOf, sender, once);
  const title = peer ?? new Uint8Array(0);
  const isCiphered = parameters.some(({ protectionType }) => protectionType !== digitalSignature);
  // Data that is only encrypted can be altered in transit, unless another layer reveals the change.
  const shown = parameters.some(({ protectionType }) => protectionType !== encryption);
  return {
    ...{ provider, random, systemTitle, keys, counters },
    suite: association.security.suite,
    ...(peer === undefined ? {} : { peerSystemTitle: peer }),
    ...(masterKey === undefined ? {} : { masterKey }),
    privateKeys: credentials.privateKeys,
    peerKeys: credentials,
    replay: guard(senderOf(keys.encryptionKey, title)),
    ...(keys.broadcastKey === undefined ? {} : { broadcast: { replay: guard(senderOf(keys.broadcastKey, title)) } }),
    guards: { guard: (fingerprint) => guard(fromHex(fingerprint), true) },
    // A signature alone has no counter: each transaction is accepted once.
    ...(isCiphered
      ? {}
      : {
          transactions: {
            check: (originator, transactionId) =>
              transactionId.length > 0 && heardOf?.last(senderOf(originator, transactionId)) === undefined,
            accept: (originator, transactionId) => heardOf?.accept(senderOf(originator, transactionId), 0, true),
          },
        }),
    accept: shown ? ["encryption-only"] : (association.security.accept ?? []),
  };
}

function guardOf(heardOf: HeardOf | undefined, sender: Uint8Array, once: boolean): ReplayGuard {
  const lowest = (): number => (heardOf?.last(sender) ?? -1) + 1;
  return {
    get lowest() {
      return lowest();
    },
    check: (counter) => counter >= lowest(),
    accept(counter) {
      // Two layers of the same message.
      if (counter < lowest()) throw refuse("other-reason", "an invocation counter was used twice");
      heardOf?.accept(sender, counter, once);
    },
  };
}
