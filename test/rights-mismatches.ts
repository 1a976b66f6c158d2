import { type Data, type DataShape, encodeData, shapeOf } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { Fault, toHex } from "@dlmskit/core";
import { type AnyObject, attributeBits, type ClassSpec, methodBits } from "@dlmskit/cosem-objects";

/** What a client hears that has no right, or is told that there is nothing. */
const denials = ["read-write-denied", "object-undefined", "scope-of-access-violated"];

const codeOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
    return "success";
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
};

/** Whether a type takes any Data. */
export const takesAny = (codec: unknown): boolean => {
  const shape = codec === undefined ? undefined : shapeOf(codec as never);
  const isOpen = (one: DataShape): boolean => one.type === "any" || (one.type === "choice" && one.among.some(isOpen));
  return shape === undefined || isOpen(shape);
};

/** Every attribute that can be read, in hex, by "name attribute"; objects of `moving`, which change by themselves, are left out. */
export async function stateOf(
  session: Session,
  objects: readonly AnyObject[],
  moving: ReadonlySet<string> = new Set(),
): Promise<Map<string, string>> {
  const state = new Map<string, string>();
  for (const { spec, instance } of objects) {
    if (moving.has(instance)) continue;
    const ids = Object.values((spec as ClassSpec).attributes).flatMap(({ id }) => (id === 0 ? [] : [id]));
    // An object at a time, which is a list of its attributes.
    const results = await session.get(
      ids.map((attributeId) => ({ classId: spec.classId as number, instanceId: instance, attributeId })),
    );
    for (const [at, result] of results.entries()) {
      state.set(`${instance} ${ids[at]}`, "error" in result ? String(result.error) : toHex(encodeData(result.data)));
    }
  }
  return state;
}

/**
 * Tries to read and to write every attribute, and to invoke every method, of the objects that a meter has, also those that the
 * client does not see, and ids on either side; gives what is not as the client's object list says (O9), and how many were
 * tried. Writes and invokes with a type that nothing has, so that the right shows as type-unmatched and nothing is done; where any
 * type is taken, writes the value that is there, as `reader` reads it.
 */
export async function rightsMismatches(session: Session, reader: Session, objects: readonly AnyObject[]) {
  const { objects: listed, problems, version } = await session.discover();
  const shortNames = session.association.context === "short-name";
  // Association SN has bits from version 4 on, Association LN from version 3 on.
  const modes = shortNames ? (version >= 4 ? 3 : 1) : version;
  const found: string[] = [...problems];
  const tried = { granted: 0, denied: 0 };
  const judge = (what: string, granted: boolean, declared: boolean, code: string): void => {
    if (granted) tried.granted++;
    else tried.denied++;
    if (granted !== declared) found.push(`${what}: ${code}, though the list says ${declared ? "access" : "no access"}`);
  };
  for (const { spec, instance, values } of objects) {
    const { classId, attributes, methods } = spec as ClassSpec;
    const element = listed.find((one) => one.instanceId === instance && one.classId === classId);
    const what = `${spec.name} ${instance}`;
    const attributeIds = [1, ...Object.values(attributes).map(({ id }) => id)].filter((id) => id !== 0);
    for (const attributeId of [...attributeIds, Math.max(...attributeIds) + 1, -1]) {
      const reference = { classId, instanceId: instance, attributeId };
      const mode = element?.attributes.find((one) => one.attributeId === attributeId)?.mode ?? 0;
      const bits = attributeBits(mode, modes);
      const read = await codeOf(session.get(reference));
      judge(`get ${what}:${attributeId}`, !denials.includes(read), (bits & 1) !== 0, read);
      const [name, own] = Object.entries(attributes).find(([, { id }]) => id === attributeId) ?? [];
      const has = (): Promise<Data> | Data =>
        own?.access === "w" ? ((values as Record<string, Data>)[name as string] as Data) : reader.get(reference);
      const value = own !== undefined && takesAny(own.type) ? await has() : never;
      const set = await codeOf(session.set(reference, value));
      const granted = value === never ? set === "type-unmatched" : !denials.includes(set);
      judge(`set ${what}:${attributeId}`, granted, (bits & 2) !== 0, set);
    }
    const methodIds = Object.values(methods).map(({ id }) => id);
    // Without an offset of the standard's a method has no short name: the client says so, and asks for nothing.
    if (shortNames && spec.methodOffset === undefined) continue;
    for (const methodId of [...methodIds, Math.max(0, ...methodIds) + 1, -1]) {
      const mode = element?.methods.find((one) => one.methodId === methodId)?.mode ?? 0;
      const code = await codeOf(session.invoke({ classId, instanceId: instance, methodId }, never));
      // Pass 3 is for an association that is being opened: once it is open, it is listed and refused.
      const pass3 = classId === 15 && methodId === 1 && code === "read-write-denied" && mode !== 0;
      judge(`action ${what}:${methodId}`, pass3 || !denials.includes(code), (methodBits(mode, modes) & 1) !== 0, code);
    }
  }
  return { mismatches: found, ...tried };
}

const never = { type: "dont-care" } as const;
