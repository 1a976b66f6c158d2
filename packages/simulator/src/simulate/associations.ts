import { Conformance, type ConformanceName } from "@dlmskit/apdu";
import type { MechanismId, Offer } from "@dlmskit/association";
import type { Rights } from "@dlmskit/cosem-objects";
import { type AssociationSpec, servedConformance, servedShortNameConformance } from "@dlmskit/server";
import type { ClientAssociation, Stored } from "@dlmskit/storage";
import type { SimulatorTemplate } from "../templates/template.ts";
import { badRow } from "./bad-row.ts";
import { hasKeys } from "./check-keys.ts";
import type { KeysFile } from "./keys-file.ts";

// Converts between rows of client_associations and the associations of a template.

const plain = "logical-name";
const withCiphering = "logical-name-with-ciphering";
const shortNames = "short-name";
const shortNamesCiphered = "short-name-with-ciphering";
const contexts: readonly string[] = [plain, withCiphering, shortNames, shortNamesCiphered];
const bits = 24;
const defaultPduSize = 1024;
const table = "client_associations";

const bitOf = (name: ConformanceName): number => 2 ** (bits - 1 - Conformance[name]);

/** The integer of a conformance block. Its first bit is the most significant. */
const conformanceNumber = (names: readonly ConformanceName[]): number =>
  names.reduce((sum, name) => sum + bitOf(name), 0);

/** The rows that are written to a table that has no rows of the template. */
export function associationRows(template: SimulatorTemplate, keys: KeysFile | undefined): readonly ClientAssociation[] {
  return template.clients.map((client) => {
    const given = keys?.clients?.[client.client];
    const ciphered = client.ciphered === "with-keys" ? given === undefined || hasKeys(given) : client.ciphered;
    return {
      template: template.name,
      logicalDevice: 1,
      instanceId: client.association,
      clientId: client.client,
      authenticationLevel: client.mechanism,
      contextName: ciphered ? withCiphering : plain,
      conformance: conformanceNumber(client.conformance ?? servedConformance),
      maxReceivePduSize: client.maxReceivePduSize ?? defaultPduSize,
      maxSendPduSize: client.maxSendPduSize ?? 0,
      dlmsVersion: 6,
      qualityOfService: 0,
    };
  });
}

/** The associations that rows define, by name. Fault `bad-row` for an association that the server cannot offer. */
export function associationSpecs(
  template: SimulatorTemplate,
  rows: readonly Stored<ClientAssociation>[],
  rightsOf: (client: number) => Rights,
  referencing: Offer["context"] = template.referencing ?? "either",
): { readonly [name: string]: AssociationSpec } {
  const specs: { [name: string]: AssociationSpec } = {};
  const clients = new Set<number>();
  for (const row of rows) {
    const bad = (column: keyof ClientAssociation, message: string) => badRow(table, row.id, column, message);
    const {
      clientId,
      instanceId,
      authenticationLevel: mechanism,
      contextName,
      maxReceivePduSize,
      maxSendPduSize,
    } = row;
    if (clients.has(clientId)) throw bad("clientId", `client ${clientId} has an association already`);
    clients.add(clientId);
    if (row.logicalDevice !== 1) throw bad("logicalDevice", "meters of this template have only the logical device 1");
    if (!contexts.includes(contextName)) {
      throw bad("contextName", `expected ${contexts.join(", ")}, found ${JSON.stringify(contextName)}`);
    }
    const onlyShort = contextName === shortNames || contextName === shortNamesCiphered;
    if (mechanism > 6) throw bad("authenticationLevel", "mechanism 7 needs security suite 1 or 2");
    const ciphered = contextName === withCiphering || contextName === shortNamesCiphered;
    if (mechanism === 5 && !ciphered) throw bad("contextName", `GMAC (mechanism 5) needs ${withCiphering}`);
    if (maxReceivePduSize !== 0 && maxReceivePduSize < 12) throw bad("maxReceivePduSize", "at least 12 octets, or 0");
    if (maxSendPduSize !== 0 && maxSendPduSize < 12) throw bad("maxSendPduSize", "at least 12 octets, or 0");
    const known = template.clients.find((one) => one.client === clientId);
    specs[known?.name ?? `client-${clientId}`] = {
      client: clientId,
      security: {
        mechanism: mechanism as MechanismId,
        ciphered,
        suite: 0,
        policy: ciphered ? (known?.policy ?? 3) : 0,
        setupVersion: 0,
      },
      access: rightsOf(clientId),
      devices: [1],
      referencing: onlyShort ? "short-name" : referencing,
      conformance: conformanceNames(row),
      maxReceivePduSize: maxReceivePduSize === 0 ? 0xffff : maxReceivePduSize,
      maxSendPduSize,
      instance: instanceId,
      ...(known?.associationVersion !== undefined && { version: known.associationVersion }),
      ...(known?.securitySetup !== undefined && { securitySetup: known.securitySetup }),
      ...(known?.invocationCounter !== undefined && { invocationCounter: known.invocationCounter }),
    };
  }
  return specs;
}

function conformanceNames(row: Stored<ClientAssociation>): readonly ConformanceName[] {
  const all = [...new Set([...servedConformance, ...servedShortNameConformance])];
  const served = conformanceNumber(all);
  const unserved = row.conformance & ~served;
  if (unserved !== 0) {
    const names = (Object.keys(Conformance) as ConformanceName[]).filter((name) => unserved & bitOf(name));
    throw badRow(
      table,
      row.id,
      "conformance",
      `the server does not support ${names.join(", ")}: remove them from the conformance`,
    );
  }
  return all.filter((name) => row.conformance & bitOf(name));
}
