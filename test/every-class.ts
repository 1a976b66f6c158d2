import { T } from "@dlmskit/apdu";
import { type AnyObject, type ClassSpec, interfaceClass, interfaceClasses } from "@dlmskit/cosem-objects";
import { sampleObject } from "./sample-data.ts";

/** A class that the client does not know. */
const Lamp = interfaceClass({
  classId: 9001,
  version: 0,
  name: "Lamp",
  attributes: { level: { id: 2, type: T.unsigned, static: true }, hours: { id: 3, type: T.doubleLongUnsigned } },
  methods: { dim: { id: 1, argument: T.integer } },
});

/** Every class version that is declared, and one that only the meter knows. */
export const everyClass: readonly ClassSpec[] = [...interfaceClasses, Lamp];

export const nameOfClass = ({ classId, version }: ClassSpec): string =>
  `0.${version}.${128 + (classId >> 8)}.${classId & 0xff}.1.255`;

/** An object of each, with something in every attribute. */
export const everyObject = (): AnyObject[] => everyClass.map((spec) => sampleObject(spec, nameOfClass(spec)));
