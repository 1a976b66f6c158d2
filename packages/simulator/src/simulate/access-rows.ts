import {
  type AnyObject,
  attributeAccess,
  methodAccess,
  noRights,
  type Rights,
  type RightsRow,
  rightsFromRows,
} from "@dlmskit/cosem-objects";
import { type AccessRight, maskOf, type ObisCode, type Stored } from "@dlmskit/storage";
import type { SimulatorTemplate } from "../templates/template.ts";
import { badRow } from "./bad-row.ts";

// Access modes of Association LN versions 1 and 2.
const levels = [1, 2, 3] as const;

/**
 * The rows that describe what a template grants on its objects. `ids` are the ids of the rows of obis_codes, in the order of the objects.
 */
export function accessRows(
  template: SimulatorTemplate,
  objects: readonly AnyObject[],
  ids: readonly number[],
): readonly AccessRight[] {
  const rows: AccessRight[] = [];
  objects.forEach((object, index) => {
    const attributes = [
      1,
      ...Object.values(object.spec.attributes as { [name: string]: { id: number } }).map(({ id }) => id),
    ];
    const methods = Object.values(object.spec.methods as { [name: string]: { id: number } }).map(({ id }) => id);
    for (const { client, rights } of template.clients) {
      const invoked = maskOf(...methods.filter((id) => methodAccess(rights, object, id) !== 0));
      let methodsTold = false;
      for (const accessLevel of levels) {
        const granted = attributes.filter((id) => (attributeAccess(rights, object, id) & 3) === accessLevel);
        if (granted.length === 0) continue;
        rows.push({
          ...{ objectId: ids[index] as number, clientId: client, accessLevel },
          ...{ attributeMask: maskOf(...granted), methodMask: methodsTold ? 0n : invoked },
        });
        methodsTold = true;
      }
      if (!methodsTold && invoked !== 0n) {
        rows.push({
          ...{ objectId: ids[index] as number, clientId: client, accessLevel: 1 },
          ...{ attributeMask: 0n, methodMask: invoked },
        });
      }
    }
  });
  return rows;
}

/** The rights that rows grant to each client. Fault `bad-row` for an access level that the associations do not have. */
export function rightsByClient(
  rows: readonly Stored<AccessRight>[],
  codes: readonly Stored<ObisCode>[],
): (client: number) => Rights {
  const byId = new Map(codes.map((code) => [code.id, code]));
  const byClient = new Map<number, RightsRow[]>();
  for (const { id, objectId, clientId, accessLevel, attributeMask, methodMask } of rows) {
    const code = byId.get(objectId);
    if (code === undefined) continue;
    if (accessLevel > 6) throw badRow("access_rights", id, "accessLevel", "expected an access mode from 0 to 6");
    const of = byClient.get(clientId) ?? [];
    byClient.set(clientId, of);
    of.push({ classId: code.classId, instance: code.logicalName, accessLevel, attributeMask, methodMask });
  }
  const rights = new Map([...byClient].map(([client, of]) => [client, rightsFromRows(of)]));
  return (client) => rights.get(client) ?? noRights;
}
