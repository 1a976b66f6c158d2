import { type Data, fromData, treeOf } from "@dlmskit/apdu";
import { CosemDateTime, decode, toHex, toLatin1 } from "@dlmskit/core";
import { ScalerUnit, type Unit } from "@dlmskit/cosem-objects";
import type { DataSet, DataValue } from "@dlmskit/iec62056-21";
import type { Meter } from "@dlmskit/server";

/** The classes that a readout shows: the attribute of the value, and the attribute of scaler and unit. */
const shown: { readonly [classId: number]: { readonly value: number; readonly unit?: number } } = {
  1: { value: 2 },
  3: { value: 2, unit: 3 },
  4: { value: 2, unit: 3 },
  5: { value: 2, unit: 4 },
  8: { value: 2 },
};
/** Energies are shown in kWh, kvarh and kVAh, as on a display. */
const inKilo: readonly Unit[] = ["Wh", "varh", "VAh"];
/** Characters that must not be in a value of a data set. */
const forbidden = /[()*!/]|[^ -~]/g;

/**
 * The data sets of a meter's readout (IEC 62056-21, clause 6.5): the values of its Data, Register, Extended register, Demand register
 * and Clock objects, in the order of the object list. Faults of the meter's store.
 */
export async function readoutOf(meter: Meter, sap = 1): Promise<DataSet[]> {
  const dataSets: DataSet[] = [];
  for (const { spec, instance } of meter.template.devices.get(sap)?.objects ?? []) {
    const classId: number = spec.classId;
    const attributes = shown[classId];
    if (attributes === undefined) continue;
    const read = async (attributeId: number): Promise<Data> =>
      treeOf(await meter.get({ classId, instanceId: instance, attributeId }, sap));
    const data = await read(attributes.value);
    const scale = attributes.unit === undefined ? undefined : fromData(ScalerUnit, await read(attributes.unit));
    const value = dataValueOf(data, scale?.scaler ?? 0, scale?.unit);
    if (value !== undefined) dataSets.push({ address: addressOf(instance), values: [value] });
  }
  return dataSets;
}

/** `1.0.1.8.0.255` as `1-0:1.8.0*255`. */
function addressOf(instance: string): string {
  const [a, b, c, d, e, f] = instance.split(".");
  return `${a}-${b}:${c}.${d}.${e}*${f}`;
}

/** Undefined if a readout has no text for the value. */
function dataValueOf(data: Data, scaler: number, unit: Unit | undefined): DataValue | undefined {
  if (!("value" in data)) return undefined;
  const { value } = data;
  if (typeof value === "number" || typeof value === "bigint") {
    const kilo = unit !== undefined && inKilo.includes(unit);
    const text = Number.isInteger(Number(value)) ? fixed(BigInt(value), scaler - (kilo ? 3 : 0)) : String(value);
    const shownUnit = unit === undefined || unit === "none" ? undefined : `${kilo ? "k" : ""}${unit}`;
    const printable = shownUnit?.replaceAll("³", "3").replaceAll("°", "deg").replace(forbidden, ".");
    return printable === undefined ? { value: text } : { value: text, unit: printable };
  }
  if (data.type === "date-time") return { value: timeText(data.value) };
  if (typeof value === "boolean") return { value: value ? "1" : "0" };
  if (typeof value === "string") return { value: value.replace(forbidden, "") };
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length === 12 && value[0] === 0x07) return { value: timeText(decode(CosemDateTime, value)) };
  const text = toLatin1(value);
  return { value: /^[ -~]*$/.test(text) ? text.replace(forbidden, "") : toHex(value) };
}

/** A whole number multiplied by a power of ten, with as many decimal places as the power has. */
function fixed(value: bigint, scaler: number): string {
  if (scaler >= 0) return String(value * 10n ** BigInt(scaler));
  const digits = String(value < 0n ? -value : value).padStart(1 - scaler, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, scaler)}.${digits.slice(scaler)}`;
}

/** YYMMDDhhmmss. A part that is not specified is 00. */
function timeText({ year, month, day, hour, minute, second }: CosemDateTime): string {
  return [(year ?? 0) % 100, month, day, hour, minute, second]
    .map((part) => String(typeof part === "number" ? part : 0).padStart(2, "0"))
    .join("");
}
