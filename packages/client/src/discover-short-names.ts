import { type Data, fromData, T } from "@dlmskit/apdu";
import type { AttributeReference } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import {
  AccessBit,
  type AttributeSpec,
  attributeBits,
  currentAssociation,
  findClass,
  methodBits,
  obisName,
  ShortNameAccessRights,
} from "@dlmskit/cosem-objects";
import type { DiscoveredObject, Discovery } from "./discover.ts";
import { associationSn, type ShortNamedObject, type ShortNames } from "./short-names.ts";

interface Reads {
  get(reference: AttributeReference): Promise<Data>;
}

const RightsList = T.array(ShortNameAccessRights);
type Rights = ReturnType<typeof rightsIn>[number];
const rightsIn = (data: Data) => fromData(RightsList, data);
const accessRightsList = 3;

/**
 * The objects in the Association SN of the client, with access rights if the list has them (from version 2 on). Faults as for
 * `discover`.
 */
export async function discoverShortNames(session: Reads, names: ShortNames): Promise<Discovery> {
  const listed = await names.refreshed();
  const own = listed.find(({ classId, instanceId }) => classId === associationSn && instanceId === currentAssociation);
  const version = own?.version ?? 0;
  const problems: string[] = [];
  const rights = version < 2 ? undefined : await rightsOf(session, problems);
  if (version < 2)
    problems.push(`Association SN version ${version} has no access rights: those of the classes are shown`);
  return { version, objects: listed.map((one) => discovered(one, version, rights)), problems };
}

async function rightsOf(session: Reads, problems: string[]): Promise<ReadonlyMap<number, Rights> | undefined> {
  const reference = { classId: associationSn, instanceId: currentAssociation, attributeId: accessRightsList };
  try {
    const all = rightsIn(await session.get(reference));
    return new Map(all.map((one) => [one.baseName & 0xffff, one]));
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.code === "link-lost" || caught.code === "timeout") throw caught;
    problems.push(`the access rights cannot be read (${caught.code}): those of the classes are shown`);
    return undefined;
  }
}

function discovered(
  one: ShortNamedObject,
  associationVersion: number,
  rights: ReadonlyMap<number, Rights> | undefined,
): DiscoveredObject {
  const { classId, version, instanceId, baseName } = one;
  const name = obisName(instanceId);
  const className = findClass(classId, version)?.name ?? findClass(classId)?.name;
  return {
    ...{ classId, version, instanceId, baseName },
    ...(name === undefined ? {} : { name }),
    ...(className === undefined ? {} : { className }),
    ...(rights === undefined ? ofClass(one) : ofRights(rights.get(baseName), associationVersion)),
  };
}

type Members = Pick<DiscoveredObject, "attributes" | "methods">;

function attribute(attributeId: number, mode: number, bits: number): Members["attributes"][number] {
  return {
    ...{ attributeId, mode, bits },
    readable: (bits & AccessBit.read) !== 0,
    writable: (bits & AccessBit.write) !== 0,
  };
}

function ofRights(found: Rights | undefined, associationVersion: number): Members {
  // Version 4 has access bits, as Association LN from version 3 on.
  const modes = associationVersion >= 4 ? 3 : 1;
  return {
    attributes: (found?.attributeAccess ?? []).map(({ attributeId, accessMode, accessSelectors }) => ({
      ...attribute(attributeId, accessMode, attributeBits(accessMode, modes)),
      ...(accessSelectors === null || accessSelectors.length === 0 ? {} : { selectors: accessSelectors }),
    })),
    methods: (found?.methodAccess ?? []).map(({ methodId, accessMode }) => {
      const bits = methodBits(accessMode, modes);
      return { methodId, mode: accessMode, bits, invocable: (bits & AccessBit.invoke) !== 0 };
    }),
  };
}

/** All members that the class defines. */
function ofClass({ classId, version }: ShortNamedObject): Members {
  const spec = findClass(classId, version);
  const declared = Object.values((spec?.attributes ?? {}) as { readonly [name: string]: AttributeSpec });
  const usage = ({ access, static: fixed }: AttributeSpec): number =>
    ({ r: 1, w: 2, rw: 3 })[access ?? (fixed === true ? "rw" : "r")];
  return {
    attributes: [
      attribute(1, 1, 1),
      ...declared.filter(({ id }) => id > 0).map((one) => attribute(one.id, usage(one), usage(one))),
    ],
    methods: Object.values(spec?.methods ?? {}).map(({ id }) => ({ methodId: id, mode: 1, bits: 1, invocable: true })),
  };
}
