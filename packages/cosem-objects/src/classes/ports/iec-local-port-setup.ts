import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CommSpeed } from "./comm-speed.ts";

export const LocalPortMode = { iec6205621: 0, hdlc: 1, notSpecified: 2 } as const;
export const LocalPortResponseTime = { "20 ms": 0, "200 ms": 1 } as const;

const attributes0 = {
  defaultMode: { id: 2, type: T.enumOf(LocalPortMode), static: true },
  defaultBaud: { id: 3, type: T.enumOf(CommSpeed), static: true, unit: "baud" },
  propBaud: { id: 4, type: T.enumOf(CommSpeed), static: true, unit: "baud" },
  responseTime: { id: 5, type: T.enumOf(LocalPortResponseTime), static: true },
  deviceAddr: { id: 6, type: T.octetString, static: true },
  passP1: { id: 7, type: T.octetString, static: true, access: "w" },
  passP2: { id: 8, type: T.octetString, static: true, access: "w" },
  passW5: { id: 9, type: T.octetString, static: true, access: "w" },
} as const;

/** IEC local port setup (class 19, version 0; Blue Book 4.7.1): the optical or electrical port of IEC 62056-21. */
export const IecLocalPortSetup0 = interfaceClass({
  classId: 19,
  version: 0,
  name: "IEC local port setup",
  attributes: attributes0,
  methods: {},
  confidence: "medium",
});

/** IEC local port setup (class 19), version 1. */
export const IecLocalPortSetup1 = interfaceClass({
  classId: 19,
  version: 1,
  name: "IEC local port setup",
  attributes: attributes0,
  methods: {},
});
