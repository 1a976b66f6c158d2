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
 * Single entries of attributes that are arrays (class 123; Blue Book 4.4.11), each attribute under a number. Entries count from 1. The
 * client needs its rights to the attribute as if it read or wrote it, and what the attribute does when it is written is done.
 * Refused (other-reason): a number that is not in the list, entries from 0 or backwards, an entry to update that is not there;
 * type-unmatched: an attribute that is no array, an entry of another type.
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

/** The client may use the attribute itself, in no weaker protection than the method asks for. */
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
