import { type Codec, type CosemDateTime, choice, join, type Of, type Reader, sequence } from "@dlmskit/core";
import { Data } from "./data.ts";
import { DataTag } from "./data-type.ts";
import { LongInvoke } from "./invoke.ts";
import { AttributeDescriptor, SizedDateTime, TaggedDateTime, taggedHint } from "./parts.ts";
import { ApduTag } from "./tags.ts";

/**
 * Deviations of real meters from the standard. Each must be allowed by its name.
 * - `date-time-with-data-tag`: a notification with a Data tag (09) before its date-time.
 * - `untyped-attribute-descriptors`: a DataNotification with a structure of two elements; the second element is an array of
 *   pairs of an attribute descriptor without Data tags and a value. The descriptor is read as a structure of long-unsigned,
 *   octet-string and integer.
 */
export type ApduQuirk = "date-time-with-data-tag" | "untyped-attribute-descriptors";

function expectOctets(from: Reader, ...wanted: readonly number[]): void {
  for (const octet of wanted) {
    const found = from.u8();
    if (found !== octet) throw from.fault("type-unmatched", `found ${found} instead of ${octet}`, from.at - 1);
  }
}

const pairOctets = 12;
const UntypedDescriptors: Codec<Data> = {
  ...Data,
  read(from) {
    expectOctets(from, DataTag.structure, 2);
    const first = Data.read(from);
    expectOctets(from, DataTag.array);
    const count = from.boundedCount(pairOctets);
    const pairs: Data[] = [];
    for (let at = 0; at < count; at++) {
      expectOctets(from, DataTag.structure, 2);
      const descriptor: Data = {
        type: "structure",
        value: [
          { type: "long-unsigned", value: from.u16() },
          { type: "octet-string", value: from.take(6) },
          { type: "integer", value: from.i8() },
        ],
      };
      pairs.push({ type: "structure", value: [descriptor, Data.read(from)] });
    }
    return { type: "structure", value: [first, { type: "array", value: pairs }] };
  },
};

function dataNotification(dateTime: Codec<CosemDateTime | undefined>, body: Codec<Data>) {
  return choice("apdu", {
    "data-notification": [ApduTag["data-notification"], join(LongInvoke, sequence({ dateTime, body }))],
  });
}

/** DataNotification (tag 0F): the data of a push. Without a date-time its key is absent. */
export const DataNotification = dataNotification(SizedDateTime, Data);
export type DataNotification = Of<typeof DataNotification>;

/** DataNotification.confirm (tag 10). */
export const DataNotificationConfirm = choice("apdu", {
  "data-notification-confirm": [
    ApduTag["data-notification-confirm"],
    join(LongInvoke, sequence({ dateTime: SizedDateTime })),
  ],
});
export type DataNotificationConfirm = Of<typeof DataNotificationConfirm>;

/** time OPTIONAL OCTET STRING: a presence octet, then a length and 12 octets. `presence` has the octets that mean "present". */
function optionalTime(presence: readonly number[]): Codec<CosemDateTime | undefined> {
  return {
    ...SizedDateTime,
    read(from) {
      const at = from.at;
      const usage = from.u8();
      if (usage === 0) return undefined;
      if (!presence.includes(usage)) {
        const hint = usage === DataTag["octet-string"] ? taggedHint : undefined;
        throw from.fault("bad-value", `presence octet 0x${usage.toString(16)} is neither 0 nor 1`, at, hint);
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

/** EventNotification (tag C2): an attribute that the meter sends without a request. */
export const EventNotificationRequest = eventNotification(optionalTime([1]));
export type EventNotificationRequest = Of<typeof EventNotificationRequest>;

const taggedEventNotification: Codec<EventNotificationRequest> = eventNotification(optionalTime([1, 0x09]));
const lenientData: readonly Codec<DataNotification>[] = [
  DataNotification,
  dataNotification(TaggedDateTime, Data),
  dataNotification(SizedDateTime, UntypedDescriptors),
  dataNotification(TaggedDateTime, UntypedDescriptors),
];

/** The codec that accepts these quirks; undefined if the tag has none of them. */
export function quirkyCodec(
  tag: number,
  quirks: readonly ApduQuirk[],
): Codec<DataNotification> | Codec<EventNotificationRequest> | undefined {
  const tagged = quirks.includes("date-time-with-data-tag");
  if (tag === ApduTag["event-notification-request"]) return tagged ? taggedEventNotification : undefined;
  if (tag !== ApduTag["data-notification"]) return undefined;
  return lenientData[(tagged ? 1 : 0) + (quirks.includes("untyped-attribute-descriptors") ? 2 : 0)];
}
