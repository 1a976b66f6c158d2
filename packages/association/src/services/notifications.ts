import { ApduTag, type ConformanceName } from "@dlmskit/apdu";
import type { Referencing } from "./service.ts";

/** A service without a response: its APDU is unsolicited. */
export interface Notification {
  readonly name: string;
  readonly tag: number;
  readonly conformance: readonly ConformanceName[];
  /** Set if the service exists in one referencing only. */
  readonly referencing?: Referencing;
}

/** The services that a server can send without a request. Green Book 9.3.10 and 9.3.11. */
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
