import type { XmlNode } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type ClonedClient, templateMechanism } from "../clone-clients.ts";
import { childOf, type LeftOuts, textIn } from "./found.ts";
import { classOfElement } from "./names.ts";

/** The access of a client to an object: uses by attribute id, and the methods that it may invoke. */
export interface Access {
  readonly attributes: { readonly [id: string]: "r" | "w" | "rw" | "-" };
  readonly methods: readonly number[];
}

/** Attributes that a class can have. */
const mostAttributes = 127;
const uses = ["-", "r", "w", "rw", "r", "w", "rw"] as const;

/** The access that stands at an object: one digit for each attribute and for each method. Undefined: it does not stand there. */
export function accessOf(node: XmlNode): Access | undefined {
  const text = textIn(node, "Access");
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const methods = [...(textIn(node, "MethodAccess") ?? "").slice(0, mostAttributes)];
  return {
    attributes: Object.fromEntries(
      [...text.slice(0, mostAttributes)].map((digit, at) => [at + 1, uses[Number(digit)] ?? "-"]),
    ),
    methods: methods.flatMap((digit, at) => (/[1-9]/.test(digit) ? [at + 1] : [])),
  };
}

export interface ImportedClient extends Omit<ClonedClient, "invocationCounter"> {
  /**
   * By logical name. Undefined: the association has no object list, so its clients have the access that stands at each object; so they do for an
   * object of the list without access.
   */
  readonly list?: ReadonlyMap<string, Access | undefined>;
}

const currentAssociation = "0.0.40.0.0.255";
const usualClient = 16;
const usualPolicy = 3;
const mostClients = 64;

/** The clients of the associations of a file; one without authentication if there is none. Fault `bad-gurux-file`: too many. */
export function clientsIn(objects: readonly XmlNode[], left: LeftOuts): readonly ImportedClient[] {
  const found = new Map<number, ImportedClient>();
  const associations = objects.filter(({ name }) => classOfElement(name) === 15);
  // The current association is only a second name of another one, unless it is the only one.
  const named = associations.filter((one) => textIn(one, "LN") !== currentAssociation);
  for (const one of named.length > 0 ? named : associations) {
    const client = clientOf(one, found.size + 1);
    const before = found.get(client.client);
    if (before === undefined) found.set(client.client, client);
    else left.add(client.association, undefined, `client ${client.client} has the association ${before.association}`);
    if (found.size > mostClients) {
      throw new Fault("bad-gurux-file", `the file has more than ${mostClients} clients`, {
        layer: "simulator",
        hint: "take associations out of the file",
      });
    }
  }
  if (found.size > 0) return [...found.values()];
  const association = "0.0.40.0.1.255";
  return [{ client: usualClient, association, mechanism: 0, ciphered: false, policy: 0 }];
}

function clientOf(node: XmlNode, at: number): ImportedClient {
  const context = Number(textIn(childOf(node, "ApplicationContextName") ?? node, "ContextId") ?? 1);
  const ciphered = context === 3 || context === 4;
  const asked = Number(textIn(childOf(node, "AuthenticationMechanismName") ?? node, "MechanismId") ?? 0);
  const name = textIn(node, "LN");
  const setup = textIn(node, "SecuritySetupReference");
  const isSetup = ciphered && setup !== undefined && setup !== "0.0.0.0.0.0";
  return {
    client: Number(textIn(node, "ClientSAP") ?? usualClient),
    association: name === undefined || name === currentAssociation ? `0.0.40.0.${at}.255` : name,
    mechanism: templateMechanism(asked, ciphered),
    ...{ ciphered, policy: ciphered ? usualPolicy : 0 },
    ...(isSetup && { securitySetup: setup }),
    ...listOf(node),
  };
}

function listOf(association: XmlNode): Pick<ImportedClient, "list"> {
  const list = childOf(association, "ObjectList")?.children ?? [];
  if (list.length === 0) return {};
  return { list: new Map(list.map((one) => [textIn(one, "LN") ?? "", accessOf(one)])) };
}
