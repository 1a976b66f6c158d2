import type { AnyObject, Context } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { AnyColumn } from "./selective-access.ts";

const profileClass = 7;
const bufferAttribute = 2;
// In capture objects of later editions, values from here on mean selective access.
const encodedAccess = 0x1000;

/** Whether a column contains the buffer of a profile. */
const isBuffer = ({ classId, attributeId }: AnyColumn): boolean =>
  classId === profileClass && (attributeId === bufferAttribute || attributeId === 0);

function columnsOf(profile: AnyObject, { device }: Context): readonly AnyColumn[] {
  const columns: unknown = device.values(profile).captureObjects;
  return Array.isArray(columns) ? columns : [];
}

/** Clears the buffer of the profile, and that of every profile that captures a cleared buffer. */
export function resetWithCaptors(context: Context): void {
  const { device, object } = context;
  const cleared = new Set<AnyObject>();
  const clear = (profile: AnyObject): void => {
    if (cleared.has(profile)) return;
    cleared.add(profile);
    device.rows(profile).clear();
    for (const other of device.objects) {
      if (other.spec.classId !== profileClass || other.hooks.invoke?.reset === undefined) continue;
      const captures = columnsOf(other, context).some(
        (column) => isBuffer(column) && column.instanceId === profile.instance,
      );
      if (captures) clear(other);
    }
  };
  clear(object);
}

/** Throws other-reason if the profile cannot capture the columns, for example its own buffer, directly or through other profiles. */
export function checkColumns(columns: readonly AnyColumn[], context: Context): void {
  const { device, object } = context;
  const seen = new Set<string>();
  const follow = (from: readonly AnyColumn[]): void => {
    for (const column of from) {
      if (!isBuffer(column)) continue;
      if (column.instanceId === object.instance)
        throw refuse("other-reason", "the profile would capture its own buffer");
      if (seen.has(column.instanceId)) continue;
      seen.add(column.instanceId);
      const inner = device.find(profileClass, column.instanceId);
      if (inner !== undefined) follow(columnsOf(inner, context));
    }
  };
  for (const { dataIndex = 0 } of columns) {
    if (dataIndex >= encodedAccess) throw refuse("other-reason", `the data index ${dataIndex} is not served`);
  }
  follow(columns);
}
