import { checkRow } from "../shape.ts";
import { AttributeValue, type AttributeValues } from "../tables/values.ts";
import { compareText } from "./meters.ts";
import { copied, knownMeter, type MemoryContext, type MemoryState } from "./state.ts";

type Key = Omit<AttributeValue, "encoded" | "updatedAt">;
const keyOf = (of: Key): string => [of.logicalDevice, of.classId, of.instanceId, of.attributeId].join(" ");

function inOrder(one: Key, other: Key): number {
  return (
    one.logicalDevice - other.logicalDevice ||
    compareText(one.instanceId, other.instanceId) ||
    one.classId - other.classId ||
    one.attributeId - other.attributeId
  );
}

/** The values of a meter in order, as copies. */
export function valuesInOrder(state: MemoryState, meterId: string): AttributeValue[] {
  return [...(state.values.get(meterId)?.values() ?? [])].sort(inOrder).map(copied);
}

/** Stores checked values. No other code may hold a reference to them. */
export function putIn(state: MemoryState, values: readonly AttributeValue[]): void {
  for (const value of values) {
    const of = state.values.get(value.meterId) ?? new Map<string, AttributeValue>();
    state.values.set(value.meterId, of);
    of.set(keyOf(value), value);
  }
}

export function memoryValues(context: MemoryContext): AttributeValues {
  return {
    async of(meterId) {
      return valuesInOrder(context.use(), meterId);
    },
    async put(values) {
      const state = context.use();
      const checked = values.map((value) => copied(checkRow(AttributeValue, value)));
      for (const { meterId } of checked) knownMeter(state, meterId);
      putIn(state, checked);
    },
    async remove(value) {
      return context.use().values.get(value.meterId)?.delete(keyOf(value)) ?? false;
    },
  };
}
