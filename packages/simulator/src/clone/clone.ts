import { type Data, dataOf, encodeData, fromData } from "@dlmskit/apdu";
import type { DiscoveredObject, Session } from "@dlmskit/client";
import { Fault } from "@dlmskit/core";
import { attributeIds, attributeName, type ClassSpec, EntryDescriptor, findClass } from "@dlmskit/cosem-objects";
import { type AttributeForm, type ObjectForm, parseTemplateForm, type TemplateForm } from "../templates/data/form.ts";
import { dataForm } from "../templates/data/form-of.ts";
import { Anonymous, isSecret } from "./anonymous.ts";
import { clientsOf } from "./clone-clients.ts";

/** The limits of a clone. */
export interface CloneLimits {
  /** Maximum number of objects; 2000 by default. */
  readonly objects?: number;
  /** Maximum number of octets of values; 4 MiB by default. Values after the limit are recorded as not read. */
  readonly octets?: number;
  /** Time limit in ms; 10 minutes by default. */
  readonly time?: number;
  /** Number of rows to read of each profile, the latest ones; 100 by default, 0 for none. */
  readonly rows?: number;
}

export interface CloneOptions {
  /** The name of the template for `--template`. */
  readonly name: string;
  readonly title?: string;
  /** The association that reads: the client's SAP, the mechanism, and whether it is ciphered. */
  readonly client: number;
  readonly mechanism: number;
  readonly ciphered: boolean;
  /** Minutes east of UTC, if the meter has no Clock that contains it; 0 by default. */
  readonly zoneMinutesEast?: number;
  readonly limits?: CloneLimits;
  /** ms of any clock that advances. It is used for the time limit. */
  readonly now: () => number;
  /** The number of objects that have been read, and the total number. */
  readonly progress?: (read: number, of: number) => void;
}

export type ClonedSession = Pick<Session, "discover" | "get">;

const profileClass = 7;
const clockClass = 8;
// Objects that the server of the copy creates, with its own keys and names.
const madeByServer: readonly number[] = [15, 17, 64];
const mebibyte = 0x100000;

interface Budget {
  octets: number;
  readonly rows: number;
  readonly until: number;
  readonly now: () => number;
}

const outOf = ({ octets, until, now }: Budget): string | undefined =>
  octets <= 0 ? "the limit of octets" : now() >= until ? "the limit of time" : undefined;

/**
 * A template with the objects, values and rows that an association can see. The meter is only read, never written. Each value has its type
 * on the wire; a value that the meter refused has the meter's answer. Passwords, keys, serial numbers and addresses are left out.
 * `createSimulator` serves the template; its values do not change. Faults as `Session.discover`; `clone-too-large` if there are more
 * objects than the limit.
 */
export async function cloneMeter(session: ClonedSession, options: CloneOptions): Promise<TemplateForm> {
  const { limits = {}, now, progress } = options;
  const { objects: most = 2000, octets = 4 * mebibyte, time = 600_000, rows = 100 } = limits;
  const { objects } = await session.discover();
  if (objects.length > most) {
    throw new Fault("clone-too-large", `the meter has ${objects.length} objects, and ${most} are the limit`, {
      layer: "simulator",
      hint: "raise the limit of objects",
    });
  }
  const budget: Budget = { octets, rows, now, until: now() + time };
  const clients = await clientsOf(session, objects, options);
  const identity = await Anonymous.of(session, objects);
  const forms: ObjectForm[] = [];
  for (const [at, object] of objects.entries()) {
    progress?.(at, objects.length);
    forms.push(await clonedObject(session, object, { budget, identity, client: options.client }));
  }
  return parseTemplateForm({
    ...{ version: 1, name: options.name, title: options.title ?? "a clone", manufacturer: "DLK" },
    ...{ zoneMinutesEast: zoneOf(forms) ?? options.zoneMinutesEast ?? 0, values: "static", clients, objects: forms },
  });
}

function zoneOf(forms: readonly ObjectForm[]): number | undefined {
  const zone = forms.find(({ classId }) => classId === clockClass)?.attributes?.["3"]?.value;
  return typeof zone === "number" && Math.abs(zone) <= 840 ? -zone : undefined;
}

interface Around {
  readonly budget: Budget;
  readonly identity: Anonymous;
  readonly client: number;
}

async function clonedObject(session: ClonedSession, object: DiscoveredObject, around: Around): Promise<ObjectForm> {
  const { classId, version, instanceId, name } = object;
  const use = object.attributes.map(({ attributeId, readable, writable }): [number, string] => [
    attributeId,
    `${readable ? "r" : ""}${writable ? "w" : ""}` || "-",
  ]);
  const spec = findClass(classId, version);
  const listed = new Set(object.attributes.map(({ attributeId }) => attributeId));
  const absent = spec === undefined ? [] : attributeIds(spec).filter((id) => !listed.has(id));
  const methods = object.methods.filter(({ invocable }) => invocable).map(({ methodId }) => methodId);
  const base = {
    ...{ classId, version, instanceId, ...(name !== undefined && { name }) },
    access: { [around.client]: Object.fromEntries(use) },
    ...(methods.length > 0 && { methods }),
    ...(absent.length > 0 && { absent }),
  };
  if (madeByServer.includes(classId)) return base as unknown as ObjectForm;
  const attributes = await valuesOf(session, object, around);
  return { ...base, ...(classId === profileClass ? profileForm(attributes) : { attributes }) } as unknown as ObjectForm;
}

type Attributes = { [id: string]: AttributeForm };

async function valuesOf(session: ClonedSession, object: DiscoveredObject, around: Around): Promise<Attributes> {
  const { classId, version, instanceId } = object;
  const { budget, identity } = around;
  const spec = findClass(classId, version);
  const attributes: Attributes = {};
  for (const { attributeId, readable } of object.attributes) {
    if (attributeId === 1 || !readable) continue;
    const attribute = spec === undefined ? undefined : attributeName(spec, attributeId);
    if (attribute !== undefined && isSecret(attribute)) {
      attributes[attributeId] = { note: "a secret or an identity: not read" };
      continue;
    }
    if (isClockTime(classId, attributeId)) continue;
    const why = outOf(budget);
    if (why !== undefined) {
      attributes[attributeId] = { refused: `not read: ${why} was reached` };
      continue;
    }
    const isBuffer = classId === profileClass && attributeId === 2;
    if (isBuffer && budget.rows === 0) continue;
    const access = isBuffer ? await lastRows(session, object, budget) : undefined;
    const reference = { classId, instanceId, attributeId, ...(access !== undefined && { access }) };
    const [result] = await session.get([reference]);
    if (result === undefined || "error" in result) {
      attributes[attributeId] = { refused: result?.error ?? "no answer" };
      continue;
    }
    budget.octets -= encodeData(result.data).length;
    const data = identity.without(result.data as Data, object);
    const form = dataForm(data);
    const codec = attribute === undefined ? undefined : spec?.attributes[attribute]?.type;
    attributes[attributeId] = codec === undefined || fits(codec, data) ? form : { ...form, asIs: true };
  }
  identity.follow(object, attributes);
  return spec === undefined ? attributes : withUnits(spec, attributes);
}

/** Scaler and unit are written with the value, as in any template. */
function withUnits(spec: ClassSpec, attributes: Attributes): Attributes {
  const { scaled } = spec.traits ?? {};
  const id = scaled && spec.attributes[scaled.scalerUnit]?.id;
  const valueId = scaled && spec.attributes[scaled.value]?.id;
  const value = valueId === undefined ? undefined : attributes[valueId];
  if (id === undefined || valueId === undefined || value?.type === undefined) return attributes;
  const { [id]: scalerUnit, ...others } = attributes;
  const [scaler, unit] = Array.isArray(scalerUnit?.value) ? (scalerUnit.value as { value?: unknown }[]) : [];
  if (typeof scaler?.value !== "number" || typeof unit?.value !== "number") return attributes;
  return { ...others, [valueId]: { ...value, scaler: scaler.value, unit: unit.value } };
}

const isClockTime = (classId: number, attributeId: number): boolean => classId === clockClass && attributeId === 2;

function fits(codec: Parameters<typeof fromData>[0], data: Data): boolean {
  try {
    fromData(codec, data);
    return true;
  } catch {
    return false;
  }
}

/** The selective access by entry to the latest rows of a profile; undefined: all rows. */
async function lastRows(session: ClonedSession, { classId, instanceId }: DiscoveredObject, { rows }: Budget) {
  const [inUse] = await session.get([{ classId, instanceId, attributeId: 7 }]);
  if (inUse === undefined || "error" in inUse) return undefined;
  const count = Number((inUse.data as { value?: unknown }).value);
  if (!(count > rows)) return undefined;
  const range = { fromEntry: count - rows + 1, toEntry: count, fromSelectedValue: 1, toSelectedValue: 0 };
  return { selector: 2, parameters: dataOf(EntryDescriptor, range) };
}

const number = (form: AttributeForm | undefined, least: number): number | undefined =>
  typeof form?.value === "number" && form.value >= least ? form.value : undefined;

/** The columns, the period and the rows of a profile in the form of a template. */
function profileForm(attributes: Attributes): object {
  const columns = (attributes["3"]?.value ?? []) as readonly { readonly value: readonly { value: unknown }[] }[];
  const captures = columns.map(({ value: [classId, name, attributeId, dataIndex] }) => [
    classId?.value,
    logicalNameIn(String(name?.value)),
    attributeId?.value,
    dataIndex?.value ?? 0,
  ]);
  const capturePeriod = number(attributes["4"], 0);
  const sortMethod = number(attributes["5"], 1);
  const profileEntries = number(attributes["8"], 1);
  const rows = attributes["2"];
  const isBuffer = rows?.type === "array";
  return {
    captures,
    ...(capturePeriod !== undefined && { capturePeriod }),
    ...(sortMethod !== undefined && sortMethod <= 6 && { sortMethod }),
    ...(profileEntries !== undefined && { profileEntries }),
    ...{
      rows: "listed",
      attributes: rows === undefined ? {} : { 2: isBuffer ? rows : { refused: rows.refused ?? rows.type } },
    },
  };
}

const logicalNameIn = (hex: string): string =>
  (hex.match(/../g) ?? []).map((octet) => Number.parseInt(octet, 16)).join(".");
