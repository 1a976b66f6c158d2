import { type Data, treeOf } from "@dlmskit/apdu";
import { type LogicalName, logicalName } from "@dlmskit/core";
import { AccessBit, attributeAccess, methodAccess } from "../access.ts";
import { ArrayManager } from "../classes/access/array-manager.ts";
import type { ValueDefinition } from "../classes/common-types.ts";
import type { Values } from "../interface-class.ts";
import { checkDataSize } from "../list-size.ts";
import { after, type MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type ManagerValues = Values<typeof ArrayManager>;
type Method = keyof (typeof ArrayManager)["methods"];
type Entries = readonly Data[];

/**
 * Access to single entries of array attributes (class 123; Blue Book 4.4.11); each attribute has a number. Entries count from 1. The client
 * needs the same rights to the attribute as for reading or writing it, and writing has the usual effect of a write to that attribute.
 * Refused (other-reason): a number that is not in the list, a range that starts at 0 or runs backwards, an entry to update that does not
 * exist; type-unmatched: an attribute that is not an array, an entry of another type.
 */
export function arrayManager(
  instance: LogicalName,
  arrays: { readonly [arrayObjectId: number]: ValueDefinition } = {},
  hooks: Hooks<typeof ArrayManager> = {},
): CosemObject<typeof ArrayManager> {
  const arrayObjectList = Object.entries(arrays).map(([id, arrayObject]) => ({
    arrayObjectId: Number(id),
    arrayObject: { ...arrayObject, instanceId: logicalName(arrayObject.instanceId) },
  }));
  return object(
    ArrayManager,
    instance,
    { arrayObjectList },
    {
      ...hooks,
      invoke: {
        retrieveNumberOfEntries: (values, id, context) =>
          after(entriesOf(values, id, "retrieveNumberOfEntries", context), (entries) => entries.length),
        retrieveEntries(values, { arrayObjectId, entryList }, context) {
          const [first, last] = rangeOf(entryList);
          return after(entriesOf(values, arrayObjectId, "retrieveEntries", context), (entries) =>
            entries.slice(first - 1, last),
          );
        },
        insertEntry: (values, { arrayObjectId, entry: { index, entry } }, context) =>
          change(values, arrayObjectId, "insertEntry", context, (entries) => entries.toSpliced(index, 0, entry)),
        updateEntry: (values, { arrayObjectId, entry: { index, entry } }, context) =>
          change(values, arrayObjectId, "updateEntry", context, (entries) => {
            if (index === 0 || index > entries.length) throw refuse("other-reason", `there is no entry ${index}`);
            return entries.with(index - 1, entry);
          }),
        removeEntries(values, { arrayObjectId, entryList }, context) {
          const [first, last] = rangeOf(entryList);
          return change(values, arrayObjectId, "removeEntries", context, (entries) =>
            entries.toSpliced(first - 1, last - first + 1),
          );
        },
        ...hooks.invoke,
      },
    },
  );
}

function rangeOf({ fromIndex, toIndex }: { readonly fromIndex: number; readonly toIndex: number }) {
  if (fromIndex === 0 || fromIndex > toIndex) throw refuse("other-reason", "entries count from 1, first to last");
  return [fromIndex, toIndex] as const;
}

function targetOf({ arrayObjectList }: Readonly<ManagerValues>, id: number): ValueDefinition {
  const found = arrayObjectList.find(({ arrayObjectId }) => arrayObjectId === id);
  if (found === undefined) throw refuse("other-reason", `there is no array object ${id}`);
  return found.arrayObject;
}

/** Checks that the client may use the attribute itself, and that the method requires at least the same protection as the attribute. */
function checkRights(target: ValueDefinition, method: Method, use: "read" | "write", context: Context): void {
  const { device, association, object: manager } = context;
  if (association === undefined) return;
  const { rights } = association;
  const found = device.find(target.classId, target.instanceId);
  const granted = found === undefined ? 0 : attributeAccess(rights, found, target.attributeId);
  if ((granted & AccessBit[use]) === 0) throw refuse("read-write-denied");
  const protection = granted & ~(AccessBit.read | AccessBit.write);
  const asked = methodAccess(rights, manager, ArrayManager.methods[method].id);
  if ((protection & ~asked) !== 0) throw refuse("scope-of-access-violated");
}

function entriesOf(
  values: Readonly<ManagerValues>,
  id: number,
  method: Method,
  context: Context,
): MaybePromise<Entries> {
  const target = targetOf(values, id);
  checkRights(target, method, "read", context);
  return after(context.device.get(target), (data) => {
    const tree = treeOf(data);
    if (tree.type !== "array") throw refuse("type-unmatched", `${target.instanceId} has no array there`);
    return tree.value;
  });
}

function write(target: ValueDefinition, array: Data, { device }: Context): MaybePromise<void> {
  checkDataSize(array);
  return device.set(target, array);
}

function change(
  values: Readonly<ManagerValues>,
  id: number,
  method: Method,
  context: Context,
  to: (entries: Entries) => Entries,
): MaybePromise<void> {
  const target = targetOf(values, id);
  checkRights(target, method, "write", context);
  return after(entriesOf(values, id, method, context), (entries) =>
    write(target, { type: "array", value: to(entries) }, context),
  );
}
