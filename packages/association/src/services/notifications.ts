import { ApduTag, type ConformanceName } from "@dlmskit/apdu";
import type { Referencing } from "./service.ts";

/** A service that has no response: its APDU comes unasked. */
export interface Notification {
  readonly name: string;
  readonly tag: number;
  readonly conformance: readonly ConformanceName[];
  /** Where it comes in one referencing only. */
  readonly referencing?: Referencing;
}

/** What a client may get from a server without asking. Green Book 9.3.10 and 9.3.11. */
export const notifications: readonly Notification[] = [
  { name: "data-notification", tag: ApduTag["data-notification"], conformance: ["data-notification"] },
  {
    name: "event-notification",
    tag: ApduTag["event-notification-request"],
    conformance: ["event-notification"],
    referencing: "logical-name",
  },
  {
    name: "information-report",
    tag: ApduTag["information-report-request"],
    conformance: ["information-report"],
    referencing: "short-name",
  },
];
