import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CaptureObject } from "../../profile/selective-access.ts";
import { RestrictedColumns } from "../access/restriction.ts";

export const CaptureMethod = { onInvoke: 0, onRead: 1 } as const;

const attributes0 = {
  compactBuffer: { id: 2, type: T.octetString, static: false },
  captureObjects: { id: 3, type: T.array(CaptureObject), static: true },
  templateId: { id: 4, type: T.unsigned, static: true },
  /** The type description of the captured values, encoded as in a compact-array. */
  templateDescription: { id: 5, type: T.octetString, static: false },
  captureMethod: { id: 6, type: T.enumOf(CaptureMethod), static: true },
} as const;

const methods0 = {
  reset: { id: 1, argument: T.integer },
  capture: { id: 2, argument: T.integer },
} as const;

/** Compact data (class 62, version 0; Blue Book 4.3.10): values of attributes without their type tags; a template describes the types. */
export const CompactData0 = interfaceClass({
  classId: 62,
  version: 0,
  name: "Compact data",
  attributes: attributes0,
  methods: methods0,
});

const attributes1 = {
  ...attributes0,
  captureObjects: { id: 3, type: T.array(RestrictedColumns), static: true },
} as const;

/** Compact data (class 62), version 1. */
export const CompactData1 = interfaceClass({
  classId: 62,
  version: 1,
  name: "Compact data",
  attributes: attributes1,
  methods: methods0,
  confidence: "medium",
});
