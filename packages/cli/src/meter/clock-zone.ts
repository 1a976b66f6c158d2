import { type DataLike, fromData, T } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { Fault, logicalName } from "@dlmskit/core";

const clock = { classId: 8, instanceId: logicalName("0.0.1.0.0.255") };

/**
 * The zone of a meter's local time, minutes east of UTC: the deviation that its Clock shows (with daylight saving), or else the time zone
 * of the Clock. A meter that tells neither is taken to be in UTC.
 */
export async function clockZone(session: Pick<Session, "get">): Promise<number> {
  const [time, timeZone] = await session.get([2, 3].map((attributeId) => ({ ...clock, attributeId })));
  const shown = read(time, (data) => fromData(T.dateTimeOctets, data).deviation);
  const deviation = shown ?? read(timeZone, (data) => fromData(T.long, data));
  return deviation === null ? 0 : -deviation;
}

function read(result: object | undefined, minutes: (data: DataLike) => number | null): number | null {
  if (result === undefined || !("data" in result)) return null;
  try {
    return minutes(result.data as DataLike);
  } catch (caught) {
    if (caught instanceof Fault) return null;
    throw caught;
  }
}
