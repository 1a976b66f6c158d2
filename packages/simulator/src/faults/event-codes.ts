import type { LogicalName } from "@dlmskit/core";
import type { SimulatorTemplate } from "../templates/template.ts";

/** What a meter notices by itself, apart from the supply. `channel` of the M-Bus: 1 to 4. */
export type MeterEvent =
  | "cover"
  | "magnet"
  | "neutral"
  | "battery"
  | "relay"
  | { readonly mbus: "battery" | "tamper"; readonly channel: number };

/** The entries of an event in a log: when it begins and, if there is a number for it, when it ends. */
export interface EventCodes {
  readonly log: LogicalName;
  readonly occurrence: number;
  readonly restoration?: number;
}

type Table = { readonly [event in Extract<MeterEvent, string>]?: EventCodes };

// IS 15959 Part 1, annex E: other events, and non-rollover events, which have no restoration.
const is15959: Table = {
  cover: { log: "0.0.99.98.5.255", occurrence: 251 },
  magnet: { log: "0.0.99.98.4.255", occurrence: 201, restoration: 202 },
  neutral: { log: "0.0.99.98.4.255", occurrence: 203, restoration: 204 },
};

// The standard event log, the fraud detection log and the disconnector control log of IDIS; DSMR has the same numbers.
const idis: Table = {
  cover: { log: "0.0.99.98.1.255", occurrence: 44, restoration: 45 },
  magnet: { log: "0.0.99.98.1.255", occurrence: 42, restoration: 43 },
  neutral: { log: "0.0.99.98.0.255", occurrence: 89 },
  battery: { log: "0.0.99.98.0.255", occurrence: 8, restoration: 7 },
  relay: { log: "0.0.99.98.2.255", occurrence: 68 },
};
const mbusLog = "0.0.99.98.3.255";
const mbusCodes = { battery: 102, tamper: 103 };
const channelStep = 10;

/** The entries of an event in the logs of a template; undefined: its companion standard has no number for it, or it has not that log. */
export function eventCodes({ about, form, logs }: SimulatorTemplate, event: MeterEvent): EventCodes | undefined {
  const standard = form?.standard ?? about?.standard ?? "";
  const isIndian = /15959/.test(standard);
  if (!isIndian && !/IDIS|DSMR/.test(standard)) return undefined;
  const found =
    typeof event === "string"
      ? (isIndian ? is15959 : idis)[event]
      : isIndian
        ? undefined
        : { log: mbusLog as LogicalName, occurrence: mbusCodes[event.mbus] + channelStep * (event.channel - 1) };
  return found !== undefined && Object.hasOwn(form?.logs ?? logs ?? {}, found.log) ? found : undefined;
}
