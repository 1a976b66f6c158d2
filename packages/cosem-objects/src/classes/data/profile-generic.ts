import { T } from "@dlmskit/apdu";
import { hasMethod } from "../../attribute.ts";
import { interfaceClass, type Timeline, timeOrder } from "../../interface-class.ts";
import type { Context, TimeContext } from "../../object.ts";
import { CaptureObject } from "../../profile/selective-access.ts";
import { ValueDefinition } from "../common-types.ts";
import { SortMethod } from "./sort-method.ts";

const captureMethod = 2;

interface Sampled {
  readonly capturePeriod: number;
  readonly profileEntries: number;
  readonly sortMethod: number;
}

/** Captures a row at every full multiple of the period in local time, if the object captures automatically (Blue Book 4.3.6.2.4). */
export const captures: Timeline<Sampled, Context, TimeContext> = {
  acts: ({ invoke }) => invoke?.capture !== undefined,
  next({ capturePeriod }, { object: profile, local }, after) {
    if (!(capturePeriod > 0) || !hasMethod(profile, captureMethod)) return undefined;
    return local.nextMultiple(capturePeriod * 1000, after);
  },
  run: (_, { device, object: profile }) => device.invoke(profile, captureMethod),
  missed: "each",
  order: timeOrder.capture,
  // A buffer that is sorted by a value may keep the row of any instant.
  since: ({ capturePeriod, profileEntries, sortMethod }, _, now) =>
    sortMethod > SortMethod.lifo ? Number.NEGATIVE_INFINITY : now - capturePeriod * profileEntries * 1000,
};

/** Profile generic (class 7, version 0): columns without a data index, selective access by methods. */
export const ProfileGeneric0 = interfaceClass({
  classId: 7,
  version: 0,
  name: "Profile generic",
  attributes: {
    buffer: { id: 2, type: T.array(T.anyOf("structure")), static: false, selectors: [1, 2], volatile: true },
    captureObjects: { id: 3, type: T.array(ValueDefinition), static: true, access: "r" },
    capturePeriod: { id: 4, type: T.doubleLongUnsigned, static: true, access: "r", unit: "s" },
    sortMethod: { id: 5, type: T.enumOf(SortMethod), static: true, access: "r" },
    sortObject: { id: 6, type: ValueDefinition, static: true, access: "r" },
    entriesInUse: { id: 7, type: T.doubleLongUnsigned, static: false },
    profileEntries: { id: 8, type: T.doubleLongUnsigned, static: true, access: "r" },
    /**
     * After the clock was set back, rows are stored as if captured after this instant, ms since 1970 UTC: their order differs from that of
     * their time stamps.
     */
    capturedAfter: { id: 0, type: T.float64, optional: true },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
    capture: { id: captureMethod, argument: T.integer },
    getBufferByRange: { id: 3, argument: T.any },
    getBufferByIndex: { id: 4, argument: T.any },
  },
  confidence: "medium",
  methodOffset: 0x58,
  traits: { rows: { buffer: "buffer", columns: "captureObjects" }, period: { capture: "capturePeriod" } },
  time: captures,
});

/** Profile generic (class 7, version 1; Blue Book 4.3.6). */
export const ProfileGeneric = interfaceClass({
  classId: 7,
  version: 1,
  name: "Profile generic",
  attributes: {
    buffer: { id: 2, type: T.anyOf("array", "compact-array"), static: false, selectors: [1, 2], volatile: true },
    captureObjects: { id: 3, type: T.array(CaptureObject), static: true, access: "r" },
    /** 0: no automatic capture. */
    capturePeriod: { id: 4, type: T.doubleLongUnsigned, static: true, access: "r", unit: "s" },
    /** If the rows come from a row source, the source itself must sort them for the methods from largest to furthest from zero. */
    sortMethod: { id: 5, type: T.enumOf(SortMethod), static: true, access: "r" },
    sortObject: { id: 6, type: CaptureObject, static: true, access: "r" },
    entriesInUse: { id: 7, type: T.doubleLongUnsigned, static: false },
    profileEntries: { id: 8, type: T.doubleLongUnsigned, static: true, access: "r" },
    /**
     * After the clock was set back, rows are stored as if captured after this instant, ms since 1970 UTC: their order differs from that of
     * their time stamps.
     */
    capturedAfter: { id: 0, type: T.float64, optional: true },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
    capture: { id: captureMethod, argument: T.integer },
  },
  methodOffset: 0x58,
  traits: { rows: { buffer: "buffer", columns: "captureObjects" }, period: { capture: "capturePeriod" } },
  time: captures,
});
