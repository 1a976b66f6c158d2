import { type Data, decodeApdu, encodeApdu, treeOf } from "@dlmskit/apdu";
import { concat, Fault, fromAscii, fromHex } from "@dlmskit/core";
import { usualLongestSending } from "@dlmskit/server";
import { z } from "zod";
import { kind } from "./fault-kind.ts";

const none = z.strictObject({});
/** Octets of a long push. */
const longPush = 512;
// An entry of push_object_list: class_id, logical_name, attribute_index, data_index and, from version 1 on, restriction.
const entrySizes = [4, 5];

const elements = (data: Data | undefined): readonly Data[] =>
  data?.type === "array" || data?.type === "structure" ? (data.value as readonly Data[]) : [];

const isObjectList = (data: Data | undefined): boolean =>
  data?.type === "array" &&
  data.value.length > 0 &&
  elements(data).every((entry) => {
    const [classId, instanceId] = elements(entry);
    return (
      entrySizes.includes(elements(entry).length) &&
      classId?.type === "long-unsigned" &&
      instanceId?.type === "octet-string" &&
      instanceId.value.length === 6
    );
  });

/** The DataNotification without the object list that begins its body; undefined: it has none. */
function withoutObjectList(octets: Uint8Array): Uint8Array | undefined {
  try {
    const apdu = decodeApdu(octets);
    if (apdu.apdu !== "data-notification") return undefined;
    const [first, ...rest] = elements(treeOf(apdu.body));
    if (!isObjectList(first)) return undefined;
    return encodeApdu({ ...apdu, body: { type: "structure", value: rest } });
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** Faults and quirks of what meters push to destinations. */
export const pushFaults = {
  "push-gaps": kind({
    what: "pushes in blocks of general block transfer of at most `octets` octets, with `ms` between them",
    seen: "Landis+Gyr E450, E570",
    parameters: z
      .strictObject({
        ms: z.number().min(0).default(3000),
        octets: z.int().min(16).default(128),
      })
      .superRefine(({ ms, octets }, { addIssue }) => {
        const gaps = Math.ceil(longPush / octets) - 1;
        if (ms * gaps <= usualLongestSending) return;
        const most = Math.floor(usualLongestSending / gaps);
        const message = `a push of ${longPush} octets would take ${ms * gaps} ms, more than the ${usualLongestSending} ms after which it is sent again: give at most ${most}, or more octets`;
        addIssue({ code: "custom", path: ["ms"], message });
      }),
    push(_, { ms, octets }, { acted }) {
      acted();
      return { gap: ms, blocks: octets };
    },
  }),
  "push-without-object-list": kind({
    what: "pushes values without the list of their objects",
    seen: "Landis+Gyr E450 in Vienna",
    parameters: none,
    push(octets, _, { acted }) {
      const apdu = withoutObjectList(octets);
      if (apdu === undefined) return undefined;
      acted();
      return { apdu };
    },
  }),
  "alarm-in-ascii": kind({
    what: "sends its serial number in ASCII, a comma and the 4 octets `alarm` in place of a push, without a data link",
    seen: "meters before SMR 5",
    parameters: z.strictObject({
      alarm: z
        .string()
        .regex(/^[0-9a-fA-F]{8}$/, "expected 4 octets in hex")
        .default("00000001"),
    }),
    push(_, { alarm }, { fleet, index, acted }) {
      acted();
      return { raw: concat(fromAscii(`${fleet.serial(index)},`), fromHex(alarm)) };
    },
  }),
};
