import type { Session } from "@dlmskit/client";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";

/** An attribute or method as it is named on the command line. */
export interface Named {
  readonly instanceId: LogicalName;
  /** Number of the attribute or method; undefined: the command's default. */
  readonly id?: number;
  readonly classId?: number;
}

/** `[CLASS/]LN[:ID]`, the logical name in any of its forms with dots. Faults `bad-option`, `bad-logical-name`. */
export function namedOf(text: string): Named {
  const found = /^(?:(\d{1,5})\/)?(.+?)(?::(-?\d{1,3}))?$/.exec(text);
  const [, classId, name = "", id] = found ?? [];
  // The colon of 1-0:1.8.0.255 is a part of the name.
  const whole = /^\d+-\d+$/.test(name);
  const instanceId = logicalName(whole ? `${name}:${id}` : name);
  if (whole || id === undefined)
    return classId === undefined ? { instanceId } : { instanceId, classId: Number(classId) };
  return { instanceId, id: Number(id), ...(classId === undefined ? {} : { classId: Number(classId) }) };
}

/** The same with the class: as given, or from the meter's object list. Fault `object-undefined`. */
export async function withClasses(
  session: Session,
  all: readonly Named[],
): Promise<readonly (Named & { classId: number; version?: number })[]> {
  if (all.every(({ classId }) => classId !== undefined)) return all as (Named & { classId: number })[];
  const { objects } = await session.discover();
  return all.map((one) => {
    const found = objects.find(
      ({ instanceId, classId }) =>
        instanceId === one.instanceId && (one.classId === undefined || classId === one.classId),
    );
    if (found !== undefined) return { ...one, classId: found.classId, version: found.version };
    if (one.classId !== undefined) return { ...one, classId: one.classId };
    throw new Fault("object-undefined", `this client's object list does not contain ${one.instanceId}`, {
      layer: "cli",
      hint: "dlms discover lists the objects; CLASS/LN:ATTRIBUTE reads one that is not listed",
    });
  });
}
