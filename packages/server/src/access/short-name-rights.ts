import { AccessBit, type AnyObject, attributeAccess, methodAccess, type Rights } from "@dlmskit/cosem-objects";

// A client that uses short names sees its association as Association SN. Its rights there are those on its Association LN objects, so that
// the same specification of rights applies to both referencings.

/** Attributes and methods of Association SN, and the corresponding attributes of Association LN. */
const attributes: { readonly [id: number]: number } = { 1: 1, 2: 2, 3: 2, 4: 9, 5: 10, 6: 11 };
const methods: { readonly [id: number]: number } = { 5: 2, 6: 2, 8: 1, 9: 5, 10: 6 };
/** They return only data that the client could also read in another way: the result is checked against its rights. */
const ofObjectList: readonly number[] = [1, 2, 4];
const readByLogicalName = 3;

/** The Association LN objects that correspond to an Association SN: the current one, and one of an association by logical name. */
interface Twins {
  readonly current: AnyObject | undefined;
  of(instance: string): AnyObject | undefined;
}

const twins = new WeakMap<AnyObject, Twins>();

/** Sets the twins of the Association SN object: its rights are those on the twins. */
export function haveTwins(associationSn: AnyObject, found: Twins): void {
  twins.set(associationSn, found);
}

/** The rights of an association, including those on the Association SN. `instance`: its Association LN object. */
export function withShortNames(rights: Rights, instance: string): Rights {
  /** The access bits of the first twin that grants any access. */
  const asked = (object: AnyObject, bits: (twin: AnyObject) => number): number | undefined => {
    const found = twins.get(object);
    if (found === undefined) return undefined;
    const one = found.current === undefined ? 0 : bits(found.current);
    const own = found.of(instance);
    return one !== 0 || own === undefined ? one : bits(own);
  };
  return {
    attribute: (object, id) =>
      asked(object, (twin) => attributeAccess(rights, twin, attributes[id] ?? -1)) ?? rights.attribute(object, id),
    method(object, id) {
      const listed = twins.has(object) && ofObjectList.includes(id);
      if (listed) {
        const bits = asked(object, (twin) => attributeAccess(rights, twin, 2)) ?? 0;
        return (bits & AccessBit.read) === 0 ? 0 : (bits & ~AccessBit.write) | AccessBit.invoke;
      }
      if (twins.has(object) && id === readByLogicalName) return AccessBit.invoke;
      return asked(object, (twin) => methodAccess(rights, twin, methods[id] ?? -1)) ?? rights.method(object, id);
    },
  };
}
