import { type DataLike, encodeApdu } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import { after, afterEach, type MaybePromise } from "../maybe-promise.ts";
import type { AttributeDescriptor, DeviceView } from "../object.ts";
import { refuse } from "../refusal.ts";

/** current-time: a GeneralizedTime in UTC, with full seconds. */
function generalizedTime(instant: number): string {
  const { year, month, day, hour, minute, second } = dateTimeOf(instant);
  const fields = [month, day, hour, minute, second].map((field) => String(field).padStart(2, "0"));
  return `${year}${fields.join("")}Z`;
}

/**
 * An InformationReport (IEC 62056-5-3): attributes by short name with their current values, as the plain APDU for the `payload` of
 * `DeviceView.notify`. `at`: its current-time, ms since 1970 UTC; none by default. Refuses with `object-undefined` an attribute that has no
 * short name; throws what reading throws.
 */
export function informationReport(
  device: DeviceView,
  attributes: readonly AttributeDescriptor[],
  at?: number,
): MaybePromise<Uint8Array> {
  const variables = attributes.map((attribute) => {
    const variableName = device.shortName?.(attribute);
    if (variableName !== undefined) return { variableName };
    throw refuse("object-undefined", `attribute ${attribute.attributeId} of ${attribute.instanceId} has no short name`);
  });
  return after(
    afterEach(attributes, (attribute): MaybePromise<DataLike> => device.get(attribute)),
    (data) =>
      encodeApdu({
        apdu: "information-report-request",
        ...(at === undefined ? {} : { currentTime: generalizedTime(at) }),
        variables,
        data,
      }),
  );
}
