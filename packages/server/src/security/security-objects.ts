import { T } from "@dlmskit/apdu";
import { negotiable } from "@dlmskit/association";
import {
  type AnyObject,
  associationObject,
  type Context,
  changedObjectsOf,
  changedRights,
  dataObject,
  type Rights,
  refuse,
} from "@dlmskit/cosem-objects";
import { templateRights } from "../access/changed-rights.ts";
import type { Association } from "../meter/association-spec.ts";
import { changeSecretOf, hasSecret } from "./secret-change.ts";
import { securityPortOf } from "./security-port.ts";
import { setupObject } from "./security-setup.ts";

/** The objects that every logical device has for its associations: Association LN, Security setup, invocation counters. */
export function securityObjects(associations: readonly Association[]): AnyObject[] {
  const current = associationObject({
    instance: "0.0.40.0.0.255",
    version: associations[0]?.version ?? 1,
    rights: undefined,
    templateRights(context) {
      const open = associations.find(({ instance }) => instance === context.association?.instanceId);
      if (open === undefined) throw refuse("object-unavailable", "no association is open");
      return templateRights(open);
    },
    information: ({ association }) => association,
  });
  return [current, ...associations.flatMap((one) => objectsOf(one))];
}

/** What the association grants to whoever asks, or will grant when it is opened. */
function rightsFor(association: Association, { association: asking, device, object }: Context): Rights {
  if (asking?.instanceId === association.instance) return asking.rights;
  return changedRights(templateRights(association), changedObjectsOf(device.values(object)));
}

function objectsOf(association: Association): AnyObject[] {
  const { instance, version, security, securitySetup, invocationCounter } = association;
  const objects: AnyObject[] = [
    associationObject({
      instance,
      version,
      rights: (context) => rightsFor(association, context),
      templateRights: () => templateRights(association),
      hls: security.mechanism >= 2,
      users: association.users.map(({ userId, userName }) => ({
        userId,
        userName: { type: "visible-string", value: userName },
      })),
      information: (context) =>
        context.association?.instanceId === instance
          ? context.association
          : {
              instanceId: instance,
              clientSap: association.client,
              serverSap: context.device.sap,
              status: securityPortOf(context).statusOf(association),
              applicationContext: security.ciphered ? 3 : 1,
              mechanism: security.mechanism,
              conformance: association.conformance.filter((name) => negotiable.has(name)),
              maxReceivePduSize: association.maxReceivePduSize,
              maxSendPduSize: association.maxSendPduSize,
              dlmsVersion: 6,
              qualityOfService: 0,
              rights: rightsFor(association, context),
              ...(securitySetup === undefined ? {} : { securitySetup }),
            },
      ...(hasSecret(association) ? { changeSecret: changeSecretOf(association) } : {}),
    }),
  ];
  if (securitySetup !== undefined) objects.push(setupObject(association, securitySetup));
  if (invocationCounter !== undefined) {
    objects.push(
      dataObject(
        invocationCounter,
        { type: T.doubleLongUnsigned, value: 0 },
        { read: { value: (_, context) => securityPortOf(context).state(association).lastPeerCounter } },
      ),
    );
  }
  return objects;
}
