import { Data } from "@dlmskit/apdu";
import { type AttributeReference, undecodedData } from "@dlmskit/association";
import { Fault, type LogicalName, logicalNameOf, Reader } from "@dlmskit/core";
import { AccessBit, attributeBits, findClass, methodBits, obisName } from "@dlmskit/cosem-objects";

const associationClass = 15;
const current = "0.0.40.0.0.255";

export interface DiscoveredAttribute {
  readonly attributeId: number;
  /** The mode as the meter lists it. */
  readonly mode: number;
  readonly readable: boolean;
  readonly writable: boolean;
  /** The access bits of this mode (`AccessBit` of @dlmskit/cosem-objects). */
  readonly bits: number;
  readonly selectors?: readonly number[];
}

export interface DiscoveredMethod {
  readonly methodId: number;
  readonly mode: number;
  readonly invocable: boolean;
  readonly bits: number;
}

export interface DiscoveredObject {
  readonly classId: number;
  readonly version: number;
  readonly instanceId: LogicalName;
  /** With short names, 0 to 0xFFF8. */
  readonly baseName?: number;
  /** The name of the OBIS code and of the class, if known. */
  readonly name?: string;
  readonly className?: string;
  readonly attributes: readonly DiscoveredAttribute[];
  readonly methods: readonly DiscoveredMethod[];
}

export interface Discovery {
  /** Version of the meter's class Association LN, or of Association SN with short names. */
  readonly version: number;
  readonly objects: readonly DiscoveredObject[];
  /** Invalid elements of the list: some meters have them. They are omitted from the result. */
  readonly problems: readonly string[];
}

interface Reads {
  get(reference: AttributeReference): Promise<Data>;
}

/**
 * Reads the object list of the current association, or of the association `association`. Faults as for `Session.get`;
 * `bad-object-list` if the value is no list. If the count of the list does not match its elements, the elements are returned with a
 * problem that reports this.
 */
export async function discover(session: Reads, association: LogicalName = current): Promise<Discovery> {
  const problems: string[] = [];
  const elements = await elementsOf(session, association, problems);
  const version = versionIn(elements);
  const objects: DiscoveredObject[] = [];
  elements.forEach((element, at) => {
    const found = objectOf(element, version);
    if (typeof found === "string") problems.push(`element ${at}: ${found}`);
    else objects.push(found);
  });
  return { version, objects, problems };
}

async function elementsOf(session: Reads, association: LogicalName, problems: string[]): Promise<readonly Data[]> {
  let data: Data;
  try {
    data = await session.get({ classId: associationClass, instanceId: association, attributeId: 2 });
  } catch (caught) {
    const octets = caught instanceof Fault ? undecodedData(caught) : undefined;
    const counted = octets === undefined ? undefined : miscounted(octets);
    if (counted === undefined) throw caught;
    const { count, elements } = counted;
    problems.push(`the list says that it has ${count} elements, but has ${elements.length}`);
    return elements;
  }
  const elements = itemsOf(data);
  if (elements !== undefined) return elements;
  throw new Fault("bad-object-list", `the object list is ${data.type}`, { layer: "client" });
}

const arrayTag = 1;

/** The complete elements of an array whose count is wrong. Undefined if no element is complete, or if the octets are no array. */
function miscounted(octets: Uint8Array): { count: number; elements: Data[] } | undefined {
  const from = new Reader(octets, { layer: "axdr" });
  const elements: Data[] = [];
  let count: number;
  try {
    if (from.u8() !== arrayTag) return undefined;
    count = from.length();
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
  while (from.remaining > 0) {
    try {
      elements.push(Data.read(from));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      break;
    }
  }
  return elements.length === 0 || elements.length === count ? undefined : { count, elements };
}

function itemsOf(data: Data | undefined): readonly Data[] | undefined {
  return data?.type === "array" || data?.type === "structure" || data?.type === "compact-array"
    ? data.value
    : undefined;
}

function numberOf(data: Data | undefined): number | undefined {
  return data !== undefined && "value" in data && typeof data.value === "number" ? data.value : undefined;
}

function nameOf(data: Data | undefined): LogicalName | undefined {
  return data?.type === "octet-string" && data.value.length === 6 ? logicalNameOf(data.value) : undefined;
}

/** The version of the association in its own list: the meaning of the modes depends on it. */
function versionIn(elements: readonly Data[]): number {
  let version: number | undefined;
  for (const element of elements) {
    const [classId, found, name] = itemsOf(element) ?? [];
    if (numberOf(classId) !== associationClass) continue;
    if (nameOf(name) === current) return numberOf(found) ?? 0;
    version ??= numberOf(found);
  }
  return version ?? 0;
}

function objectOf(element: Data, associationVersion: number): DiscoveredObject | string {
  const [id, found, name, rights] = itemsOf(element) ?? [];
  const classId = numberOf(id);
  const version = numberOf(found);
  const instanceId = nameOf(name);
  if (classId === undefined || version === undefined || instanceId === undefined) return "not an object";
  const [attributes, methods] = itemsOf(rights) ?? [];
  const called = obisName(instanceId);
  const className = findClass(classId, version)?.name ?? findClass(classId)?.name;
  return {
    classId,
    version,
    instanceId,
    ...(called === undefined ? {} : { name: called }),
    ...(className === undefined ? {} : { className }),
    attributes: (itemsOf(attributes) ?? []).flatMap((one) => attributeOf(one, associationVersion)),
    methods: (itemsOf(methods) ?? []).flatMap((one) => methodOf(one, associationVersion)),
  };
}

function attributeOf(data: Data, version: number): DiscoveredAttribute[] {
  const [id, access, selected] = itemsOf(data) ?? [];
  const attributeId = numberOf(id);
  const mode = numberOf(access);
  if (attributeId === undefined || mode === undefined) return [];
  const bits = attributeBits(mode, version);
  const selectors = itemsOf(selected)
    ?.map(numberOf)
    .filter((one) => one !== undefined);
  return [
    {
      attributeId,
      mode,
      bits,
      readable: (bits & AccessBit.read) !== 0,
      writable: (bits & AccessBit.write) !== 0,
      ...(selectors === undefined || selectors.length === 0 ? {} : { selectors }),
    },
  ];
}

function methodOf(data: Data, version: number): DiscoveredMethod[] {
  const [id, access] = itemsOf(data) ?? [];
  const methodId = numberOf(id);
  // In version 0 the access mode of a method is a boolean.
  const mode = access?.type === "boolean" ? Number(access.value) : numberOf(access);
  if (methodId === undefined || mode === undefined) return [];
  const bits = methodBits(mode, version);
  return [{ methodId, mode, bits, invocable: (bits & AccessBit.invoke) !== 0 }];
}
