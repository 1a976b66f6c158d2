import { AccessBit, type AnyObject, attributeAccess, methodAccess, type Rights } from "@dlmskit/cosem-objects";

// A client that uses short names sees its association as Association SN. Its rights there are those on its Association LN objects, so that
// one statement of rights holds for both referencings.

/** Attributes and methods of Association SN, and what stands for them in Association LN. */
const attributes: { readonly [id: number]: number } = { 1: 1, 2: 2, 3: 2, 4: 9, 5: 10, 6: 11 };
const methods: { readonly [id: number]: number } = { 5: 2, 6: 2, 8: 1, 9: 5, 10: 6 };
/** They tell nothing that the client could not read otherwise: what they give is held against its rights. */
const ofObjectList: readonly number[] = [1, 2, 4];
const readByLogicalName = 3;

/** The Association LN objects that stand for an Association SN: the current one, and that of an association by its logical name. */
interface Twins {
  readonly current: AnyObject | undefined;
  of(instance: string): AnyObject | undefined;
}

const twins = new WeakMap<AnyObject, Twins>();

/** From now on rights on the Association SN object are those on its twins. */
export function haveTwins(associationSn: AnyObject, found: Twins): void {
  twins.set(associationSn, found);
}

/** The rights of an association, also on the Association SN. `instance`: its Association LN object. */
export function withShortNames(rights: Rights, instance: string): Rights {
  /** What the first twin has that grants anything. */
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
