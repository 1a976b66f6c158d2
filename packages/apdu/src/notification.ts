import { type Codec, type CosemDateTime, choice, join, type Of, sequence } from "@dlmskit/core";
import { Data } from "./data.ts";
import { LongInvoke } from "./invoke.ts";
import { AttributeDescriptor, SizedDateTime, TaggedDateTime } from "./parts.ts";
import { ApduTag } from "./tags.ts";

function dataNotification(dateTime: Codec<CosemDateTime | undefined>) {
  return choice("apdu", {
    "data-notification": [ApduTag["data-notification"], join(LongInvoke, sequence({ dateTime, body: Data }))],
  });
}

/** DataNotification (tag 0F): what a meter pushes. Without a date-time the key is absent. */
export const DataNotification = dataNotification(SizedDateTime);
export type DataNotification = Of<typeof DataNotification>;

/** The same as meters with the quirk `date-time-with-data-tag` write it. */
export const LenientDataNotification: Codec<DataNotification> = dataNotification(TaggedDateTime);

/** DataNotification.confirm (tag 10). */
export const DataNotificationConfirm = choice("apdu", {
  "data-notification-confirm": [
    ApduTag["data-notification-confirm"],
    join(LongInvoke, sequence({ dateTime: SizedDateTime })),
  ],
});
export type DataNotificationConfirm = Of<typeof DataNotificationConfirm>;

/** time OPTIONAL OCTET STRING: a presence octet, then 12 octets with their length; `presence` are the octets that say "present". */
function optionalTime(presence: readonly number[]): Codec<CosemDateTime | undefined> {
  return {
    ...SizedDateTime,
    read(from) {
      const at = from.at;
      const usage = from.u8();
      if (usage === 0) return undefined;
      if (!presence.includes(usage)) {
        throw from.fault("bad-value", `presence octet 0x${usage.toString(16)} is neither 0 nor 1`, at);
      }
      return SizedDateTime.read(from);
    },
    write(value, to) {
      to.u8(value === undefined ? 0 : 1);
      if (value !== undefined) SizedDateTime.write(value, to);
    },
  };
}

function eventNotification(time: Codec<CosemDateTime | undefined>) {
  return choice("apdu", {
    "event-notification-request": [
      ApduTag["event-notification-request"],
      sequence({ time, attribute: AttributeDescriptor, value: Data }),
    ],
  });
}

/** EventNotification (tag C2): an attribute that the meter tells of by itself. */
export const EventNotificationRequest = eventNotification(optionalTime([1]));
export type EventNotificationRequest = Of<typeof EventNotificationRequest>;

/** The same as meters with the quirk `date-time-with-data-tag` write it. */
export const LenientEventNotificationRequest: Codec<EventNotificationRequest> = eventNotification(
  optionalTime([1, 0x09]),
);
