import type { Data, TypeDescription } from "@dlmskit/apdu";

/** The type of a value, as described in a compact-array or a template; undefined: an array with elements of different types. */
export function descriptionOf(data: Data): TypeDescription | undefined {
  if (data.type === "compact-array") return undefined;
  if (data.type === "array") {
    const element = data.value.length === 0 ? { type: "null-data" as const } : describedAs(data.value);
    return element === undefined ? undefined : { type: "array", count: data.value.length, element };
  }
  if (data.type !== "structure") return { type: data.type };
  const elements: TypeDescription[] = [];
  for (const value of data.value) {
    const element = descriptionOf(value);
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return { type: "structure", elements };
}

/** The type that all values have in common; undefined: they have different types, or there are no values. */
export function describedAs(values: readonly Data[]): TypeDescription | undefined {
  const [first] = values;
  const type = first && descriptionOf(first);
  if (type === undefined) return undefined;
  const text = JSON.stringify(type);
  return values.every((value) => JSON.stringify(descriptionOf(value)) === text) ? type : undefined;
}
