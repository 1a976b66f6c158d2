import type { Data } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  attributeName,
  type CaptureObject,
  type ClassSpec,
  clockAttribute,
  obisName,
  type ScalerUnit,
  type Unit,
} from "@dlmskit/cosem-objects";
import type { TruthMeter } from "./meters.ts";

/** A column of the rows of a profile. */
export interface TruthColumn extends CaptureObject {
  /** The name of the OBIS code, if known. */
  readonly name?: string;
  readonly unit?: Unit;
  /** The values are scaled by 10 to this power. */
  readonly scaler?: number;
  /** Whether it is an attribute of a clock. */
  readonly time: boolean;
}

interface OfMeter {
  /** The serial number. */
  readonly meter: string;
  readonly meterId: string;
}

/** A row that a profile of a meter has: a row of a load or billing profile, or an entry of an event log. */
export interface TruthRow extends OfMeter {
  readonly kind: "row" | "event";
  /** The profile. */
  readonly instanceId: LogicalName;
  /** When it was captured, ms since 1970 UTC. */
  readonly at: number;
  /** The same list for all rows of a profile of a meter. */
  readonly columns: readonly TruthColumn[];
  /** As the meter sends it: a value for each column. */
  readonly row: readonly Data[];
}

/** The value of a register of energy or volume. */
export interface TruthTotal extends OfMeter {
  readonly kind: "total";
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
  readonly name?: string;
  /** When the register shows it, ms since 1970 UTC. */
  readonly at: number;
  readonly value: Data;
  readonly unit: Unit;
  readonly scaler: number;
}

export type TruthRecord = TruthRow | TruthTotal;

/** Scaler and unit of an attribute of a meter; undefined: it has none. */
export function scalerUnitOf(meter: TruthMeter, object: AnyObject | undefined, id: number): ScalerUnit | undefined {
  const { traits, attributes } = (object?.spec ?? {}) as Partial<ClassSpec>;
  const names = traits?.scaled;
  if (object === undefined || names === undefined || attributes?.[names.value]?.id !== id) return undefined;
  return meter.values(object)[names.scalerUnit] as ScalerUnit | undefined;
}

/** The columns that a profile of a meter captures. `find`: an object by logical name. */
export function columnsOf(
  meter: TruthMeter,
  profile: AnyObject,
  find: (instance: LogicalName) => AnyObject | undefined,
): readonly TruthColumn[] {
  const captured = meter.values(profile).captureObjects as readonly (Omit<CaptureObject, "dataIndex"> &
    Partial<CaptureObject>)[];
  return captured.map(({ classId, instanceId, attributeId, dataIndex = 0 }) => {
    const object = find(instanceId);
    const scaled = scalerUnitOf(meter, object, attributeId);
    const name = obisName(instanceId);
    return {
      ...{ classId, instanceId, attributeId, dataIndex },
      ...(name === undefined ? {} : { name }),
      ...(scaled === undefined ? {} : { unit: scaled.unit, scaler: scaled.scaler }),
      time: object !== undefined && clockAttribute(object.spec) === attributeId,
    };
  });
}

const totalUnits: readonly Unit[] = ["Wh", "varh", "VAh", "m³"];
const registers: readonly number[] = [3, 4];
const valueAttribute = 2;
const electricity = "1";
/** Group D of OBIS codes of electricity: the energy since the beginning. */
const sinceBeginning = "8";

/** Whether an object is a register that counts energy or volume since the beginning. */
export function isTotal(object: AnyObject): boolean {
  const { spec, instance, values, hooks } = object;
  if (!registers.includes(spec.classId)) return false;
  const name = attributeName(spec, valueAttribute) as string;
  if (hooks.read?.[name] === undefined) return false;
  const [medium, , , d] = instance.split(".");
  const { unit } = values.scalerUnit as ScalerUnit;
  return totalUnits.includes(unit) && (medium !== electricity || d === sinceBeginning);
}
