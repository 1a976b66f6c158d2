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

/** The objects of a logical device for its associations: Association LN, Security setup and invocation counters. */
export class SecurityObjects {
  readonly #associations: () => readonly Association[];
  readonly #current = new Map<number, AnyObject>();
  /** The objects of each association. They are replaced when the association changes. */
  readonly #objects = new WeakMap<Association, { readonly made: string; readonly objects: readonly AnyObject[] }>();

  /** `associations`: returns the current associations. */
  constructor(associations: () => readonly Association[]) {
    this.#associations = associations;
  }

  of(associations: readonly Association[]): readonly AnyObject[] {
    const version = associations[0]?.version ?? 1;
    const current = this.#current.get(version) ?? currentOf(version, this.#associations);
    this.#current.set(version, current);
    return [current, ...associations.flatMap((one) => this.#objectsOf(one))];
  }

  #objectsOf(association: Association): readonly AnyObject[] {
    const { instance, version, security, securitySetup, invocationCounter, users } = association;
    const made = JSON.stringify([instance, version, security, securitySetup, invocationCounter, users]);
    const known = this.#objects.get(association);
    if (known?.made === made) return known.objects;
    const objects = objectsOf(association);
    this.#objects.set(association, { made, objects });
    return objects;
  }
}

/** The Association LN object of the requesting client. */
function currentOf(version: Association["version"], associations: () => readonly Association[]): AnyObject {
  return associationObject({
    instance: "0.0.40.0.0.255",
    version,
    rights: undefined,
    templateRights(context) {
      const open = associations().find(({ instance }) => instance === context.association?.instanceId);
      if (open === undefined) throw refuse("object-unavailable", "no association is open");
      return templateRights(open);
    },
    information: ({ association }) => association,
  });
}

/** The rights that the association grants to the requesting client, or will grant when it is opened. */
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
