import { dataOf, fromData } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type AnyObject, attributeName, type ClassSpec, stateName, UnreadableValue } from "@dlmskit/cosem-objects";
import type { CapturedRows, Commit, Lease, TakenMeter } from "@dlmskit/storage";
import type { AnyValues, WorkResult } from "../runtime/unit-of-work.ts";
import type { Unsaved } from "../security/association-state.ts";
import { messagesOf } from "./messages.ts";
import type { KnownMeter } from "./meter-identity.ts";
import type { MeterTemplate } from "./meter-template.ts";
import { powerRow } from "./power-supply.ts";

/** The meter whose change is kept, at the time of the commit. */
interface Keeper {
  readonly lease: Lease;
  readonly known: KnownMeter;
  /** Simulated time of day, ms since 1970 UTC. */
  readonly time: number;
  /** The difference between the clock of the meter and `time`, ms: positive if the clock is ahead. */
  readonly offset: number;
}

/** How far the meter has run, on its clock: until now, if the work is not a timed action; and the time reached before. */
interface HowFar {
  readonly reached: number | undefined;
  readonly ranBefore: number | undefined;
}

/** The commit of a work for the store. */
export function commitOf(
  { lease, known, time, offset }: Keeper,
  result: WorkResult,
  { unsaved, reached, ranBefore }: HowFar & { readonly unsaved: readonly Unsaved[] },
): Commit {
  const { template } = known;
  // Associations with the same key and the same client share one counter.
  const peers = [
    ...new Map(unsaved.flatMap((one) => one.peers).map((one) => [`${one.keyId} ${one.peer}`, one])).values(),
  ];
  const usedKeys = unsaved.flatMap((one) => one.usedKeys);
  const values = encodedValues(template, result, Math.floor(time));
  const rows = [...result.rows].map(
    ([profile, { clear, rows, keep }]): CapturedRows => ({
      logicalDevice: template.deviceOf(profile).sap,
      instanceId: profile.instance,
      ...(clear ? { clear: true } : {}),
      rows: rows.map((row) => ({ ...row, at: Math.floor(row.at) })),
      keep,
    }),
  );
  const clock = result.clock === undefined ? undefined : Math.round(offset + result.clock);
  // After the clock was set, the meter continues from the new time: skipped actions are not done, and no action is done twice. After
  // a synchronisation, the meter continues from the time it had reached, which may be later than the new time.
  const synchronised = Math.abs(result.clock ?? 0) <= template.syncLimit;
  const goesOn = Math.max(time + offset, ranBefore ?? Number.NEGATIVE_INFINITY);
  const ranUpTo = clock === undefined ? (result.ranUpTo ?? reached) : synchronised ? goesOn : time + clock;
  return {
    lease,
    ...(values.length === 0 ? {} : { values }),
    ...(rows.length === 0 ? {} : { rows }),
    ...(result.events.length === 0 ? {} : { events: result.events }),
    ...(result.messages.length === 0 ? {} : { messages: messagesOf(known, result.messages) }),
    ...(result.security.length === 0 ? {} : { security: result.security }),
    ...(peers.length === 0 ? {} : { peers }),
    ...(usedKeys.length === 0 ? {} : { usedKeys }),
    ...(clock === undefined ? {} : { clockOffset: clock }),
    ...(ranUpTo === undefined ? {} : { ranUpTo: Math.ceil(ranUpTo) }),
  };
}

function encodedValues(template: MeterTemplate, result: WorkResult, updatedAt: number): NonNullable<Commit["values"]> {
  return [...result.values].flatMap(([object, changed]) =>
    Object.entries(changed).flatMap(([name, value]) => {
      const { id, type, volatile } = object.spec.attributes[name];
      if (volatile === true) return [];
      const { classId } = object.spec;
      const { logicalDevice } = object === template.power ? powerRow : { logicalDevice: template.deviceOf(object).sap };
      const encoded = dataOf(type, value as never).octets;
      return [{ logicalDevice, classId, instanceId: object.instance, attributeId: id, encoded, updatedAt }];
    }),
  );
}

const keptName = (spec: ClassSpec, id: number): string | undefined =>
  id === 0 ? stateName(spec) : attributeName(spec, id);

/**
 * The values of a meter in a store. A row that cannot be decoded makes only its own value unusable: `unreadable` is called here and
 * again at each later use of the value.
 */
export function valuesOf(
  { devices, power }: MeterTemplate,
  kept: TakenMeter["values"],
  meterId: string,
  unreadable: (fault: Fault) => void,
): Map<AnyObject, AnyValues> {
  const values = new Map<AnyObject, AnyValues>();
  for (const row of kept) {
    const isPower = row.logicalDevice === powerRow.logicalDevice && row.classId === powerRow.classId;
    const object = isPower ? power : devices.get(row.logicalDevice)?.byName.get(row.instanceId);
    const name = object?.spec.classId === row.classId ? keptName(object.spec, row.attributeId) : undefined;
    // A value of an object that is not in the template stays in the store, for a template that has the object.
    if (object === undefined || name === undefined) continue;
    const of = values.get(object) ?? {};
    try {
      of[name] = fromData(object.spec.attributes[name].type, { type: "encoded", octets: row.encoded });
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      const fault = unreadableRow(meterId, row, cause);
      unreadable(fault);
      of[name] = new UnreadableValue(fault);
    }
    values.set(object, of);
  }
  return values;
}

function unreadableRow(meterId: string, row: TakenMeter["values"][number], cause: Fault): Fault {
  const id = [meterId, row.logicalDevice, row.classId, row.instanceId, row.attributeId].join(", ");
  const fault = new Fault("unreadable-value", `attribute_values (${id}), column encoded: ${cause.message}`, {
    layer: "server",
    hint: "correct or remove the row, or write the attribute; only this value is out of service",
    cause,
  });
  fault.path.push("attribute_values", id, "encoded");
  return fault;
}
