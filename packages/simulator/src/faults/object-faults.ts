import {
  type Data,
  DataAccessResult,
  type DataAccessResultName,
  type DataLike,
  DataTag,
  encodeData,
  treeOf,
} from "@dlmskit/apdu";
import { CosemDateTime, dateTimeOf, fromAscii, instantOf, Reader, Writer } from "@dlmskit/core";
import { after, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Call, Outcome } from "@dlmskit/server";
import { z } from "zod";
import { kind } from "./fault-kind.ts";

const none = z.strictObject({});
// Class ids and attributes of the Blue Book.
const clock = { classId: 8, time: 2 };
const imageTransfer = 18;
const profileGeneric = { classId: 7, buffer: 2, captureObjects: 3, capturePeriod: 4 };
const scriptTable = { classId: 9, scripts: 2 };
const associationLn = { classId: 15, objectList: 2 };
const logicalDeviceName = "0.0.42.0.0.255";
const serialNumbers = ["0.0.96.1.0.255", "0.0.96.1.1.255"];
const errors = Object.keys(DataAccessResult) as [DataAccessResultName, ...DataAccessResultName[]];
const rangeDescriptor = 1;
const dayMs = 86_400_000;

const reads = (call: Call, { classId }: { readonly classId: number }, attribute: number): boolean =>
  call.do === "read" && call.classId === classId && call.index === attribute;

/** Changes the result of a read; undefined leaves the result unchanged. */
const changed = (
  next: () => MaybePromise<Outcome>,
  change: (data: Data) => DataLike | undefined,
  acted: () => void,
): MaybePromise<Outcome> =>
  after(next(), (outcome) => {
    if (outcome.error !== undefined || outcome.data === undefined) return outcome;
    const data = change(treeOf(outcome.data));
    if (data === undefined) return outcome;
    acted();
    return { data };
  });

/** The octets of a date-time with a change. */
function dateTimeChanged(data: Data, change: (value: CosemDateTime) => CosemDateTime | undefined): Data | undefined {
  if (data.type !== "octet-string" || data.value.length !== 12) return undefined;
  const value = change(CosemDateTime.read(new Reader(data.value)));
  if (value === undefined) return undefined;
  const to = new Writer(12);
  CosemDateTime.write(value, to);
  return { type: "octet-string", value: to.done() };
}

const laterBy = (data: Data, seconds: number): Data | undefined =>
  dateTimeChanged(data, (value) => {
    const instant = instantOf(value);
    if (instant === undefined) return undefined;
    return dateTimeOf(instant + seconds * 1000, value.deviation ?? 0, value.status ?? 0xff);
  });

/** A quirk of reads of one attribute of a class by a client. */
const ofRead = (
  what: string,
  seen: string | undefined,
  { classId, attribute }: { readonly classId: number; readonly attribute: number },
  change: (data: Data) => DataLike | undefined,
) =>
  kind({
    what,
    ...(seen === undefined ? {} : { seen }),
    parameters: none,
    call: (call, next, _, { acted }) =>
      reads(call, { classId }, attribute) ? changed(next, change, acted) : undefined,
  });

const theTime = { classId: clock.classId, attribute: clock.time };
const objectList = { classId: associationLn.classId, attribute: associationLn.objectList };

const elements = (data: Data): readonly Data[] =>
  data.type === "array" || data.type === "structure" ? (data.value as readonly Data[]) : [];

const isOf =
  (classId: number) =>
  (element: Data): boolean => {
    const [first] = elements(element);
    return first !== undefined && first.type === "long-unsigned" && first.value === classId;
  };

/** Whether the range of a profile read has a deviation in its first date-time; undefined: the read does not use a range. */
function rangeHasDeviation(call: Call): boolean | undefined {
  if (!("selection" in call) || call.selection?.selector !== rangeDescriptor) return undefined;
  const from = elements(treeOf(call.selection.parameters))[1];
  if (from?.type !== "octet-string" || from.value.length !== 12) return undefined;
  return CosemDateTime.read(new Reader(from.value)).deviation !== null;
}

const rangeRefused = (what: string, seen: string, deviation: boolean) =>
  kind({
    what,
    seen,
    parameters: none,
    call(call, _, __, { acted }) {
      if (!reads(call, profileGeneric, profileGeneric.buffer) || rangeHasDeviation(call) !== deviation)
        return undefined;
      acted();
      return { error: "scope-of-access-violated" as DataAccessResultName };
    },
  });

/** Faults and quirks of the answers of objects. */
export const objectFaults = {
  result: kind({
    what: "answers with the result `error` in place of what was asked for",
    parameters: z.strictObject({
      do: z.array(z.enum(["read", "write", "invoke"])).default(["read"]),
      classId: z.int().min(0).max(0xffff).optional(),
      instanceId: z
        .string()
        .regex(/^\d{1,3}(\.\d{1,3}){5}$/, "expected a logical name such as 1.0.1.8.0.255")
        .optional(),
      error: z.enum(errors).default("temporary-failure"),
    }),
    call(call, _, { do: which, classId, instanceId, error }, { acted }) {
      if (!which.includes(call.do) || (classId ?? call.classId) !== call.classId) return undefined;
      if ((instanceId ?? call.instanceId) !== call.instanceId) return undefined;
      acted();
      return { error };
    },
  }),
  "clock-wrong": kind({
    what: "shows a time that is wrong by `seconds`, positive if it is ahead; its rows and events keep the right one",
    parameters: z.strictObject({ seconds: z.number() }),
    call(call, next, { seconds }, { acted }) {
      if (!reads(call, clock, clock.time)) return undefined;
      return changed(next, (data) => laterBy(data, seconds), acted);
    },
  }),
  "clock-drift": kind({
    what: "shows a time that gains `secondsPerDay` a day, negative if it loses them, from the start of the fault or since a client set it",
    parameters: z.strictObject({ secondsPerDay: z.number() }),
    call(call, next, { secondsPerDay }, { memory, start, acted }) {
      if (call.classId !== clock.classId) return undefined;
      if (call.do !== "read") {
        return after(next(), (outcome) => {
          if (outcome.error === undefined || outcome.error === "success") memory.set("since", call.meter.now);
          return outcome;
        });
      }
      if (call.index !== clock.time) return undefined;
      const { origin } = call.meter.identity;
      const since = memory.get("since") ?? start ?? origin?.commissionedAt ?? call.meter.now;
      return changed(next, (data) => laterBy(data, ((call.meter.now - since) / dayMs) * secondsPerDay), acted);
    },
  }),
  "deviation-inverted": ofRead(
    "has the deviation of its time with the other sign, from UTC to local time",
    "meters in Italy, Saudi Arabia, India",
    theTime,
    (data) =>
      dateTimeChanged(data, (value) =>
        value.deviation === null ? undefined : { ...value, deviation: -value.deviation },
      ),
  ),
  "deviation-not-specified": ofRead("does not say the deviation of its time (0x8000)", "Kamstrup", theTime, (data) =>
    dateTimeChanged(data, (value) => ({ ...value, deviation: null })),
  ),
  "time-null": ofRead("has null-data in place of its time", "meters of several makers", theTime, () => ({
    type: "null-data",
  })),
  "time-empty": ofRead("has an empty octet-string in place of its time", "meters of several makers", theTime, () => ({
    type: "octet-string",
    value: new Uint8Array(0),
  })),
  "time-without-date": ofRead(
    "has a time of 4 octets in place of a date-time",
    "meters of several makers",
    theTime,
    (data) =>
      data.type === "octet-string" && data.value.length === 12
        ? { type: "octet-string", value: data.value.subarray(5, 9) }
        : undefined,
  ),
  "duplicate-identity": kind({
    what: "has the logical device name and the serial number of the meter `of` (its serial number; the first of the fleet unless given)",
    parameters: z.strictObject({ of: z.string().optional() }),
    call(call, next, { of }, { fleet, index, acted }) {
      if (call.do !== "read" || call.classId !== 1 || call.index !== 2) return undefined;
      const twin = of === undefined ? 0 : fleet.indexOf(of);
      if (twin === undefined || twin === index) return undefined;
      const isName = call.instanceId === logicalDeviceName;
      if (!isName && !serialNumbers.includes(call.instanceId)) return undefined;
      const text = isName ? fleet.logicalDeviceName(twin) : fleet.serial(twin);
      return changed(
        next,
        (data) =>
          data.type === "visible-string" ? { ...data, value: text } : { type: "octet-string", value: fromAscii(text) },
        acted,
      );
    },
  }),
  "image-refused": kind({
    what: "refuses an image at the stage `stage`",
    parameters: z.strictObject({ stage: z.enum(["initiate", "transfer", "verify", "activate"]).default("verify") }),
    call(call, _, { stage }, { acted }) {
      const methods = { initiate: 1, transfer: 2, verify: 3, activate: 4 };
      if (call.do !== "invoke" || call.classId !== imageTransfer || call.index !== methods[stage]) return undefined;
      acted();
      return { error: "other-reason" };
    },
  }),
  "range-with-deviation-refused": rangeRefused(
    "refuses to read a profile by a range whose times have a deviation",
    "meters of several makers",
    true,
  ),
  "range-without-deviation-refused": rangeRefused(
    "refuses to read a profile by a range whose times have no deviation",
    "meters of several makers",
    false,
  ),
  "object-list-association-last": ofRead(
    "has its associations at the end of the object list",
    "meters of several makers",
    objectList,
    (data) => {
      const all = elements(data);
      const last = isOf(associationLn.classId);
      return { type: "array", value: [...all.filter((one) => !last(one)), ...all.filter(last)] };
    },
  ),
  "object-list-without-rights": ofRead(
    "has an object list with empty access rights",
    "meters of several makers",
    objectList,
    (data) => ({
      type: "array",
      value: elements(data).map((element) => {
        const empty: Data = { type: "array", value: [] };
        return {
          type: "structure",
          value: [...elements(element).slice(0, 3), { type: "structure", value: [empty, empty] }],
        };
      }),
    }),
  ),
  "object-list-count-wrong": kind({
    what: "has a count in its object list that is wrong by `by`",
    seen: "meters of several makers",
    parameters: z.strictObject({ by: z.int().min(-10).max(10).default(1) }),
    call(call, next, { by }, { acted }) {
      if (!reads(call, associationLn, associationLn.objectList) || ("selection" in call && call.selection))
        return undefined;
      return changed(
        next,
        (data) => {
          const to = new Writer(64);
          to.u8(DataTag.array);
          to.size(Math.max(0, elements(data).length + by));
          for (const element of elements(data)) to.put(encodeData(element));
          return { type: "encoded", octets: to.done() };
        },
        acted,
      );
    },
  }),
  "object-list-negative-attributes": ofRead(
    "has access rights for the attribute -1 of each object in its object list",
    "meters of several makers",
    objectList,
    (data) => ({
      type: "array",
      value: elements(data).map((element) => {
        const [classId, version, instanceId, rights] = elements(element) as [Data, Data, Data, Data];
        const [attributes, methods] = elements(rights) as [Data, Data];
        const [, ...rest] = elements(elements(attributes)[0] as Data);
        const own: Data = { type: "structure", value: [{ type: "integer", value: -1 }, ...rest] };
        const value: Data = { type: "array", value: [own, ...elements(attributes)] };
        return {
          type: "structure",
          value: [classId, version, instanceId, { type: "structure", value: [value, methods] }],
        };
      }),
    }),
  ),
  "capture-attribute-negative": ofRead(
    "has the attribute -1 for the last column of its profiles",
    "meters of several makers",
    { classId: profileGeneric.classId, attribute: profileGeneric.captureObjects },
    (data) => {
      const columns = elements(data);
      const [classId, instanceId, , dataIndex] = elements(columns.at(-1) ?? data);
      if (classId === undefined || instanceId === undefined || dataIndex === undefined) return undefined;
      const last: Data = { type: "structure", value: [classId, instanceId, { type: "integer", value: -1 }, dataIndex] };
      return { type: "array", value: [...columns.slice(0, -1), last] };
    },
  ),
  "scripts-not-an-array": ofRead(
    "has one script in place of the array of scripts",
    "Xemex",
    { classId: scriptTable.classId, attribute: scriptTable.scripts },
    (data) => elements(data)[0],
  ),
  "capture-period-0": ofRead(
    "has 0 for the capture period of its profiles, and captures all the same",
    "meters of several makers",
    { classId: profileGeneric.classId, attribute: profileGeneric.capturePeriod },
    () => ({ type: "double-long-unsigned", value: 0 }),
  ),
};
