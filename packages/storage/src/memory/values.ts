import { checkRow } from "../shape.ts";
import { AttributeValue, type AttributeValues } from "../values.ts";
import { compareText } from "./meters.ts";
import { copied, knownMeter, type MemoryContext } from "./state.ts";

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

export function memoryValues(context: MemoryContext): AttributeValues {
  return {
    async of(meterId) {
      return [...(context.use().values.get(meterId)?.values() ?? [])].sort(inOrder).map(copied);
    },
    async put(values) {
      const state = context.use();
      const checked = values.map((value) => copied(checkRow(AttributeValue, value)));
      for (const { meterId } of checked) knownMeter(state, meterId);
      for (const value of checked) {
        const of = state.values.get(value.meterId) ?? new Map<string, AttributeValue>();
        state.values.set(value.meterId, of);
        of.set(keyOf(value), value);
      }
    },
    async remove(value) {
      return context.use().values.get(value.meterId)?.delete(keyOf(value)) ?? false;
    },
  };
}
