import { apduFaults } from "./apdu-faults.ts";
import { associationFaults } from "./association-faults.ts";
import { certificateFaults } from "./certificate-faults.ts";
import { eventFaults } from "./event-faults.ts";
import type { AnyFaultKind } from "./fault-kind.ts";
import { lineFaults } from "./line-faults.ts";
import { objectFaults } from "./object-faults.ts";
import { pushFaults } from "./push-faults.ts";

/** Every fault and quirk that a simulated meter can have, by name. To add a new one, add an entry to one of these tables. */
export const faultKinds = {
  ...lineFaults,
  ...apduFaults,
  ...associationFaults,
  ...objectFaults,
  ...certificateFaults,
  ...pushFaults,
  ...eventFaults,
};

export type FaultName = keyof typeof faultKinds;

export const faultNames = Object.keys(faultKinds) as [FaultName, ...FaultName[]];

export const faultKind = (name: FaultName): AnyFaultKind => faultKinds[name];
