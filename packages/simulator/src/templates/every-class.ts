import {
  type AnyObject,
  type ClassSpec,
  defaultObject,
  interfaceClasses,
  type Rights,
  readRights,
} from "@dlmskit/cosem-objects";
import { simulatedClock } from "./clock-hooks.ts";
import { behaving } from "./data/behaviours.ts";
import type { SimulatorTemplate } from "./template.ts";

/** Group B is the class version. Group C is 128 plus the high part of the class id, and group D is its low part. */
const nameOfClass = ({ classId, version }: ClassSpec): string =>
  `0.${version}.${128 + (classId >> 8)}.${classId & 0xff}.1.255`;

const management = 1;
const options = { pushClient: management, switchLog: undefined, firmware: undefined };
const clockClass = 8;

let made: readonly AnyObject[] | undefined;

function everyObject(): readonly AnyObject[] {
  // Only one Clock may determine the local time.
  const others = interfaceClasses.filter(({ classId, version }) => classId !== clockClass || version !== 0);
  made ??= [simulatedClock(), ...others.map((spec) => behaving(defaultObject(spec, nameOfClass(spec)), options))];
  return made;
}

const all: Rights = { attribute: readRights.attribute, method: () => 1 };

/** An object of each version of each interface class, for clients that need all of them. */
export const everyClass: SimulatorTemplate = {
  name: "every-class",
  title: "an object of every interface class and version",
  manufacturer: "DLK",
  series: 99,
  zoneMinutesEast: 0,
  tariffDay: [{ minute: 0, zone: 1 }],
  clients: [
    {
      ...{ name: "public", client: 16, association: "0.0.40.0.1.255" },
      ...{ mechanism: 0, ciphered: false, policy: 0, rights: readRights },
    },
    {
      ...{ name: "management", client: management, association: "0.0.40.0.2.255" },
      ...{ mechanism: 5, ciphered: true, policy: 3, rights: all },
    },
  ],
  objects: everyObject,
  about: { kind: "every interface class", confidence: "high" },
};
