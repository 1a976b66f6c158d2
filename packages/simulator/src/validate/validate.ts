import { type LogicalName, logicalName } from "@dlmskit/core";
import { type Unit, unitCode } from "@dlmskit/cosem-objects";
import type { AttributeForm, ObjectForm, TemplateForm } from "../templates/data/form.ts";

/** The items that are compared with the standard. */
export type ClauseName =
  | "object"
  | "class"
  | "version"
  | "type"
  | "scaler-unit"
  | "captures"
  | "access"
  | "association";

/** Something that is missing, or that differs from the standard. */
export interface Finding {
  readonly clause: ClauseName;
  readonly instanceId: LogicalName;
  /** The name of the object in the standard. */
  readonly name?: string;
  readonly attributeId?: number;
  /** The value in the standard, and the value that was found; absent: nothing was found. */
  readonly expected: string;
  readonly found?: string;
  /** How certain it is that the standard contains this. */
  readonly confidence?: "high" | "medium" | "low";
}

export interface ValidationOptions {
  /**
   * The client whose access is compared, and whose objects alone are expected. Use it for a clone or a live meter, which show only the view
   * of one client. Without it, or for a client that the standard does not define, objects and access of all clients are compared.
   */
  readonly client?: number;
}

const profileClass = 7;
const associationLn = 15;
const currentAssociation = "0.0.40.0.0.255";

/**
 * Compares an object list (a template, a clone) with the object list of a companion standard. Returns what is missing or differs, in the
 * order of the standard.
 */
export function validateObjectList(
  list: TemplateForm,
  standard: TemplateForm,
  options: ValidationOptions = {},
): readonly Finding[] {
  const client = standard.clients.find((one) => one.client === options.client)?.client;
  const found = new Map(list.objects.map((object) => [object.instanceId, object]));
  const findings = standard.objects
    .filter((object) => client === undefined || isSeen(object, client))
    .flatMap((expected) => objectFindings(expected, found.get(expected.instanceId), { list, standard, client }));
  return [...findings, ...associationFindings(list, standard, client)];
}

const isSeen = ({ access = {}, instanceId }: ObjectForm, client: number): boolean =>
  instanceId === currentAssociation || Object.hasOwn(access, String(client));

interface Held {
  readonly list: TemplateForm;
  readonly standard: TemplateForm;
  readonly client: number | undefined;
}

function objectFindings(expected: ObjectForm, found: ObjectForm | undefined, held: Held): readonly Finding[] {
  const { instanceId, name, confidence } = expected;
  const told = (clause: ClauseName, more: Pick<Finding, "expected" | "found" | "attributeId">): Finding => ({
    ...{ clause, instanceId, ...more },
    ...(name !== undefined && { name }),
    ...(confidence !== undefined && { confidence }),
  });
  const kind = `class ${expected.classId} version ${expected.version}`;
  if (found === undefined) return [told("object", { expected: kind })];
  if (found.classId !== expected.classId) {
    return [told("class", { expected: String(expected.classId), found: String(found.classId) })];
  }
  const findings: Finding[] = [];
  if (found.version !== expected.version) {
    findings.push(told("version", { expected: String(expected.version), found: String(found.version) }));
  }
  for (const [id, attribute] of Object.entries(expected.attributes ?? {})) {
    for (const { clause, ...more } of attributeFindings(attribute, found.attributes?.[id])) {
      findings.push(told(clause, { ...more, attributeId: Number(id) }));
    }
  }
  const missing = missingCaptures(expected, found);
  if (missing !== undefined) findings.push(told("captures", missing));
  for (const access of accessFindings(expected, found, held)) findings.push(told("access", access));
  return findings;
}

type Difference = Pick<Finding, "clause" | "expected" | "found">;

/** Compares the types, and the scaler and unit, if both lists have them. */
function attributeFindings(expected: AttributeForm, found: AttributeForm | undefined): readonly Difference[] {
  const findings: Difference[] = [];
  if (found === undefined) return findings;
  if (expected.type !== undefined && found.type !== undefined && expected.type !== found.type) {
    findings.push({ clause: "type", expected: expected.type, found: found.type });
  }
  if (expected.unit === undefined) return findings;
  const [wanted, has] = [expected, found].map(unitText);
  if (wanted !== has) findings.push({ clause: "scaler-unit", expected: wanted as string, found: has as string });
  return findings;
}

const unitText = ({ scaler = 0, unit }: AttributeForm): string =>
  unit === undefined ? "none" : `10^${scaler} of unit ${unitCode(unit as Unit)}`;

/** The columns that the standard requires in a profile and that the profile does not have. */
function missingCaptures(expected: ObjectForm, found: ObjectForm): Pick<Finding, "expected" | "found"> | undefined {
  if (expected.classId !== profileClass || expected.captures === undefined) return undefined;
  const text = (captures: ObjectForm["captures"] = []) =>
    captures.map(([classId, name, id, index = 0]) => `${classId} ${logicalName(name)} ${id} ${index}`);
  const has = new Set(text(found.captures));
  const missing = text(expected.captures).filter((one) => !has.has(one));
  if (missing.length === 0) return undefined;
  return { expected: missing.join(", "), found: `${has.size} other columns` };
}

/** Attributes that a client must be able to read or write, and methods that it must be able to invoke, but cannot. */
function accessFindings(
  expected: ObjectForm,
  found: ObjectForm,
  { standard, list, client }: Held,
): readonly Pick<Finding, "expected" | "found">[] {
  const clients = client === undefined ? standard.clients.map((one) => one.client) : [client];
  const known = new Set(list.clients.map((one) => one.client));
  return clients
    .filter((one) => known.has(one))
    .flatMap((one) => {
      const [wanted, has] = [expected, found].map((form) => grantedTo(form, one));
      const short = [...(wanted as Set<string>)].filter((right) => !(has as Set<string>).has(right));
      if (short.length === 0) return [];
      return [{ expected: `client ${one}: ${short.join(", ")}`, found: "not granted" }];
    });
}

/**
 * The rights that a form grants to a client. For a right to read all attributes, only attribute 2 is listed, because the classes have
 * different further attributes.
 */
function grantedTo({ access = {}, writable = [], methods = [], classId }: ObjectForm, client: number): Set<string> {
  const given = access[String(client)];
  const rights = new Set<string>();
  if (given === undefined || given === "-" || classId === associationLn) return rights;
  if (typeof given === "string") {
    rights.add("read 2");
    if (given === "rw") for (const id of writable) rights.add(`write ${id}`);
    if (given === "rw") for (const id of methods) rights.add(`invoke ${id}`);
    return rights;
  }
  for (const [id, use] of Object.entries(given as { [id: string]: string })) {
    if (use.includes("r")) rights.add(`read ${id}`);
    if (use.includes("w")) rights.add(`write ${id}`);
  }
  for (const id of methods) rights.add(`invoke ${id}`);
  return rights;
}

/** Compares the clients of the standard: mechanism and ciphering. */
function associationFindings(
  list: TemplateForm,
  standard: TemplateForm,
  client: number | undefined,
): readonly Finding[] {
  const found = new Map(list.clients.map((one) => [one.client, one]));
  return standard.clients
    .filter((expected) => client === undefined || expected.client === client)
    .flatMap((expected): Finding[] => {
      const how = (of: { mechanism: number; ciphered: boolean }): string =>
        `mechanism ${of.mechanism}, ${of.ciphered ? "ciphered" : "not ciphered"}`;
      const has = found.get(expected.client);
      if (has !== undefined && how(has) === how(expected)) return [];
      const { association: instanceId, confidence, name } = expected;
      return [
        {
          ...{
            clause: "association" as const,
            instanceId,
            name,
            expected: `client ${expected.client}: ${how(expected)}`,
          },
          ...(has !== undefined && { found: how(has) }),
          ...(confidence !== undefined && { confidence }),
        },
      ];
    });
}
