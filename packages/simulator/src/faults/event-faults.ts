import { z } from "zod";
import type { MeterEvent } from "./event-codes.ts";
import { type FaultKind, kind } from "./fault-kind.ts";

const none = z.strictObject({});
const disconnectControl = 70;

/** An event from the start of the fault to its end. `more`: what it changes besides the entries of the log. */
const event = (what: string, of: MeterEvent, more: Partial<FaultKind<Record<string, never>>> = {}) =>
  kind({
    what: `${what}, and enters it in its event log when the fault begins and ends`,
    parameters: none,
    ...more,
    event: () => of,
  });

const mbusEvent = (what: string, mbus: "battery" | "tamper") =>
  kind({
    what: `has an alarm of the meter on the M-Bus channel \`channel\`: ${what}, and enters it in the log of the M-Bus when the fault begins`,
    parameters: z.strictObject({ channel: z.int().min(1).max(4).default(1) }),
    event: ({ channel }) => ({ mbus, channel }),
  });

/** What meters notice by themselves: tampering, and failures of their parts. The entries are those of the companion standard of the template. */
export const eventFaults = {
  "cover-opened": event("has an open cover", "cover"),
  magnet: event("is in a strong magnetic field", "magnet"),
  "neutral-disturbed": event("has a disturbed or a missing neutral", "neutral"),
  "battery-low": event("has an empty battery", "battery"),
  "relay-failed": event("has a load switch that does not move: it refuses with hardware-fault", "relay", {
    call(call, _, __, { acted }) {
      if (call.do !== "invoke" || call.classId !== disconnectControl) return undefined;
      acted();
      return { error: "hardware-fault" };
    },
  }),
  "mbus-battery-low": mbusEvent("an empty battery", "battery"),
  "mbus-tamper": mbusEvent("a fraud attempt", "tamper"),
};
