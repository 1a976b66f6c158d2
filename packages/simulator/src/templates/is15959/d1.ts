import { T } from "@dlmskit/apdu";
import { type AnyObject, dataObject, obisName } from "@dlmskit/cosem-objects";
import type { SimulatorTemplate } from "../template.ts";
import { firmware, meterReader, publicClient, push, utility } from "./access.ts";
import { billing, tariffDay } from "./billing.ts";
import { eventLogs, logs } from "./event-logs.ts";
import { eventOf } from "./events.ts";
import { instantaneous } from "./instantaneous.ts";
import { loadProfiles } from "./load-profiles.ts";
import { meterClock, nameplate } from "./nameplate.ts";
import { parameters, switchLog } from "./parameters.ts";
import { pushes } from "./pushes.ts";

// Clients 16 and 96 have no ciphered association, so their counters do not change.
const unusedCounters = [1, 6].map((n) => dataObject(`0.0.43.1.${n}.255`, { type: T.doubleLongUnsigned, value: 0 }));

const objects: readonly AnyObject[] = [
  meterClock,
  ...nameplate,
  ...instantaneous,
  ...loadProfiles,
  ...billing,
  ...eventLogs,
  ...parameters,
  ...pushes,
  ...unusedCounters,
];

/** IS 15959 part 2, category D1: single-phase whole-current smart meter. */
export const is15959D1: SimulatorTemplate = {
  name: "is15959-d1",
  title: "IS 15959 single-phase whole-current smart meter (category D1)",
  manufacturer: "DLK",
  zoneMinutesEast: 330,
  powerPush: "0.4.25.9.0.255",
  tariffDay,
  switchLog,
  clients: [
    {
      ...{ name: "public", client: 16, association: "0.0.40.0.1.255" },
      ...{ mechanism: 0, ciphered: false, policy: 0, rights: publicClient },
    },
    {
      ...{ name: "reader", client: 32, association: "0.0.40.0.2.255" },
      ...{ mechanism: 1, ciphered: "with-keys", policy: 3, rights: meterReader },
    },
    {
      ...{ name: "utility", client: 48, association: "0.0.40.0.3.255" },
      ...{ mechanism: 2, ciphered: true, policy: 3, rights: utility },
    },
    {
      ...{ name: "push", client: 64, association: "0.0.40.0.4.255" },
      ...{ mechanism: 0, ciphered: true, policy: 3, rights: push },
    },
    {
      ...{ name: "firmware", client: 80, association: "0.0.40.0.5.255" },
      ...{ mechanism: 2, ciphered: true, policy: 3, rights: firmware },
    },
  ],
  objects: () => objects,
  nameOf: ({ instance }) => obisName(instance, "IS 15959"),
  eventOf,
  about: {
    ...{ kind: "electricity, single-phase whole-current", country: "IN", standard: "IS 15959 Part 2" },
    ...{ confidence: "high", phases: 1, demandMinutes: 30 },
  },
  logs,
};
