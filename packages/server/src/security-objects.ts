import { T } from "@dlmskit/apdu";
import { type AnyObject, associationObject, type Context, dataObject, refuse } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Association } from "./association-spec.ts";
import type { AssociationState } from "./association-state.ts";
import { setupObject } from "./security-setup.ts";

/** What the objects about security need of the meter that they are read in. */
export interface SecurityPort {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly systemTitle: Uint8Array;
  state(association: Association): AssociationState;
  /** System title of the client that has the association open. */
  clientSystemTitle(association: Association): Uint8Array | undefined;
  isOpen(association: Association): boolean;
}

type PortOf = (context: Context) => SecurityPort;

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
              maxSendPduSize: association.maxSendPduSize,
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
