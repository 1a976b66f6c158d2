import { T, type TypedCodec } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";

/** Units by their symbol in this library (Blue Book, table of units); the number is the value on the wire. */
export const Unit = {
  year: 1,
  month: 2,
  week: 3,
  day: 4,
  hour: 5,
  min: 6,
  s: 7,
  "°": 8,
  "°C": 9,
  currency: 10,
  m: 11,
  "m/s": 12,
  "m³": 13,
  "m³ corrected": 14,
  "m³/h": 15,
  "m³/h corrected": 16,
  "m³/d": 17,
  "m³/d corrected": 18,
  l: 19,
  kg: 20,
  N: 21,
  Nm: 22,
  Pa: 23,
  bar: 24,
  J: 25,
  "J/h": 26,
  W: 27,
  VA: 28,
  var: 29,
  Wh: 30,
  VAh: 31,
  varh: 32,
  A: 33,
  C: 34,
  V: 35,
  "V/m": 36,
  F: 37,
  Ω: 38,
  "Ωm²/m": 39,
  Wb: 40,
  T: 41,
  "A/m": 42,
  H: 43,
  Hz: 44,
  "1/Wh": 45,
  "1/varh": 46,
  "1/VAh": 47,
  "V²h": 48,
  "A²h": 49,
  "kg/s": 50,
  S: 51,
  K: 52,
  "1/V²h": 53,
  "1/A²h": 54,
  "1/m³": 55,
  "%": 56,
  Ah: 57,
  "Wh/m³": 60,
  "J/m³": 61,
  "Mol %": 62,
  "g/m³": 63,
  "Pa s": 64,
  "J/kg": 65,
  "g/cm²": 66,
  atm: 67,
  dBm: 70,
  dBµV: 71,
  dB: 72,
  other: 254,
  none: 255,
} as const;

/** A unit by its symbol, or by its number if it has no symbol here. */
export type Unit = keyof typeof Unit | number;

const symbols = new Map<number, keyof typeof Unit>(
  Object.entries(Unit).map(([symbol, code]) => [code, symbol as keyof typeof Unit]),
);

/** The number of a unit. Fault `bad-unit`. */
export function unitCode(unit: Unit): number {
  const code = typeof unit === "number" ? unit : Object.hasOwn(Unit, unit) ? Unit[unit] : undefined;
  if (code === undefined || !Number.isInteger(code) || code < 0 || code > 255) {
    throw new Fault("bad-unit", `"${unit}" is not a unit`, {
      layer: "cosem",
      hint: 'give a symbol such as "Wh" or "V", or a number',
    });
  }
  return code;
}

/** A unit is an enum on the wire; any number decodes. */
export const UnitCodec: TypedCodec<Unit> = {
  types: ["enum"],
  shape: { type: "enum", names: Unit },
  read(from) {
    const code = T.enum.read(from);
    return symbols.get(code) ?? code;
  },
  write: (unit, to) => T.enum.write(unitCode(unit), to),
  toJson: (unit) => unit,
  fromJson(json) {
    const code = typeof json === "number" ? T.enum.fromJson(json) : unitCode(json as Unit);
    return symbols.get(code) ?? code;
  },
};
