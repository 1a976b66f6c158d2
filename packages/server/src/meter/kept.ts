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

/** The meter whose change is kept, at that moment. */
interface Keeper {
  readonly lease: Lease;
  readonly known: KnownMeter;
  /** Simulated time of day, ms since 1970 UTC. */
  readonly time: number;
  /** What the meter's clock shows more. */
  readonly offset: number;
}

/** How far the meter has run, on its clock: until now, where the work is none that is due in time; by what it did before. */
interface HowFar {
  readonly reached: number | undefined;
  readonly ranBefore: number | undefined;
}

/** What a store is told of a work. */
export function commitOf(
  { lease, known, time, offset }: Keeper,
  result: WorkResult,
  { unsaved, reached, ranBefore }: HowFar & { readonly unsaved: readonly Unsaved[] },
): Commit {
  const { template } = known;
  // Associations that share a key and a client count together.
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
  // A clock that was set goes on from there: what it has passed over is not done, and nothing is done twice. One that was
  // synchronised goes on from where it was, or is ahead of it since the last time.
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
 * The values that a store keeps of a meter. A row that cannot be decoded puts only its value out of service: `unreadable` is called
 * here, and again at each later use of the value.
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
    // A value whose object the template no longer has stays in the store, for the template that has it.
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
