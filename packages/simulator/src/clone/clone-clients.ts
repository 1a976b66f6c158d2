import { type Data, treeOf } from "@dlmskit/apdu";
import type { DiscoveredObject, Session } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";

const associationLn = 15;
const currentAssociation = "0.0.40.0.0.255";
const ciphered = 3;
const usualPolicy = 3;

interface Reader {
  readonly client: number;
  readonly mechanism: number;
  readonly ciphered: boolean;
}

/** A client of a template, without its name. */
export type ClonedClient = {
  readonly client: number;
  readonly association: string;
  readonly mechanism: number;
  readonly ciphered: boolean;
  readonly policy: number;
  readonly securitySetup?: string;
  readonly invocationCounter?: string;
};

type Client = ClonedClient & { readonly name: string };

/**
 * The mechanism of a client in a template. Mechanism 7 needs certificates, which no template contains: GMAC replaces it. GMAC needs a ciphered
 * association: mechanism 2 replaces it in others.
 */
export function templateMechanism(asked: number, ciphered: boolean): number {
  if (asked < 5 || asked === 6) return asked;
  return ciphered ? 5 : 2;
}

/** The clients of a meter: those of its readable Association LN objects, and the client that reads. */
export async function clientsOf(
  session: Pick<Session, "get">,
  objects: readonly DiscoveredObject[],
  reader: Reader,
): Promise<readonly Client[]> {
  const found: Client[] = [];
  for (const { classId, instanceId } of objects) {
    if (classId !== associationLn || instanceId === currentAssociation) continue;
    const [partners, context, mechanism, setup] = (
      await session.get([3, 4, 6, 9].map((attributeId) => ({ classId, instanceId, attributeId })))
    ).map((result) => ("error" in result ? undefined : treeOf(result.data)));
    const client = numberIn(elementsIn(partners)[0]);
    if (client === undefined || client < 0 || found.some((one) => one.client === client)) continue;
    const own = client === reader.client;
    const isCiphered = own ? reader.ciphered : lastOf(context) === ciphered;
    const asked = own ? reader.mechanism : (lastOf(mechanism) ?? 0);
    found.push({
      ...{ name: `client-${client}`, client, association: instanceId },
      mechanism: templateMechanism(asked, isCiphered),
      ...{ ciphered: isCiphered, policy: isCiphered ? usualPolicy : 0 },
      ...(isCiphered && securityOf(setup, objects)),
    });
  }
  if (!found.some(({ client }) => client === reader.client)) {
    const used = new Set(found.map(({ association }) => association));
    let n = 1;
    while (used.has(`0.0.40.0.${n}.255`)) n++;
    const current = { classId: associationLn, instanceId: currentAssociation, attributeId: 9 };
    const [setup] = await session.get([current]);
    const named = setup === undefined || "error" in setup ? undefined : treeOf(setup.data);
    found.push({
      ...{ name: `client-${reader.client}`, client: reader.client, association: `0.0.40.0.${n}.255` },
      mechanism: templateMechanism(reader.mechanism, reader.ciphered),
      ...{ ciphered: reader.ciphered, policy: reader.ciphered ? usualPolicy : 0 },
      ...(reader.ciphered && securityOf(named, objects)),
    });
  }
  return found;
}

/** The Security setup that an association names, and the invocation counter that belongs to it. */
function securityOf(setup: Data | undefined, objects: readonly DiscoveredObject[]) {
  if (setup?.type !== "octet-string" || setup.value.length !== 6) return {};
  const securitySetup = [...setup.value].join(".");
  const invocationCounter = securitySetup.replace(/^0\.(\d+)\.43\.0\./, "0.$1.43.1.");
  if (!objects.some(({ classId, instanceId }) => classId === 64 && instanceId === securitySetup)) return {};
  const counted = objects.some(({ classId, instanceId }) => classId === 1 && instanceId === invocationCounter);
  return { securitySetup, ...(counted && { invocationCounter }) };
}

const elementsIn = (data: Data | undefined): readonly Data[] =>
  data?.type === "structure" || data?.type === "array" ? data.value.map(treeOf) : [];

const numberIn = (data: Data | undefined): number | undefined => {
  const value = (data as { value?: unknown } | undefined)?.value;
  return typeof value === "number" ? value : undefined;
};

/** The last number of an application context name or a mechanism name. Both are object identifiers: a structure, or encoded. */
function lastOf(data: Data | undefined): number | undefined {
  if (data?.type === "octet-string") return Number.parseInt(toHex(data.value).slice(-2), 16);
  return numberIn(elementsIn(data).at(-1));
}
