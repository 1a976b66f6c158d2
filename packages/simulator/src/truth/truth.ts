import { type Data, dataOf } from "@dlmskit/apdu";
import { CosemDateTime, dateTimeOf, encode, Fault } from "@dlmskit/core";
import { type AnyObject, clockColumn, RangeDescriptor, RangeDescriptor0 } from "@dlmskit/cosem-objects";
import type { Span } from "../fleet/addresses.ts";
import { deviceOf, type TruthMeter, TruthMeters } from "./meters.ts";
import { columnsOf, isTotal, scalerUnitOf, type TruthRecord, type TruthRow, type TruthTotal } from "./records.ts";
import { instantOfRow } from "./row-times.ts";
import type { TruthSource } from "./source.ts";

/** A period, both ends included: ms since 1970 UTC, as for a profile that is read by range. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

export interface TruthRange extends Period {
  /** The meters, by index; all by default. */
  readonly of?: Span;
  /** Logical names of the profiles; all by default. */
  readonly profiles?: readonly string[];
}

const profileClass = 7;
const bufferAttribute = 2;
const dayMs = 86_400_000;
const longestPart = 31 * dayMs;
const secondMs = 1000;

/**
 * Everything that meters of a fleet have to show of a period: the rows of their profiles, the entries of their event logs, and their
 * registers of energy and volume at both ends of the period. It is what the objects of the meters answer when they are read after the
 * period, from the generator: a row that a full buffer no longer has is told too. Meter after meter, profile after profile, in the order of
 * time; nothing is held. Rows that a meter captures itself (profiles whose template does not compute them), and profiles that show the
 * present are left out. Rows have the time of the meter's clock, registers that of the simulation: if a client has set the clock, the two
 * differ. Faults `out-of-range` (the meters), `bad-value` (the period).
 */
export async function* truth(source: TruthSource, range: TruthRange): AsyncGenerator<TruthRecord, undefined> {
  checkPeriod(range);
  const { first, meters } = range.of ?? { first: 0, meters: source.fleet.meters };
  const teller = await Teller.open(source);
  for (let index = first; index < first + meters; index++) {
    const meter = await teller.meter(index);
    for (const profile of teller.profiles) {
      if (range.profiles?.includes(profile.instance) === false) continue;
      yield* teller.rows(meter, profile, range);
    }
    if (range.profiles === undefined) yield* teller.totals(meter, range);
  }
}

function checkPeriod({ from, to }: Period): void {
  if (Number.isFinite(from) && Number.isFinite(to) && from <= to) return;
  throw new Fault("bad-value", "the period ends before it begins", { layer: "simulator", hint: "give from and to" });
}

// The bounds of a range have hundredths of a second. Parts of a period meet between two seconds.
const afterSecond = 10;
const endOfSecond = (instant: number): number => Math.floor(instant / secondMs) * secondMs + secondMs - afterSecond;

/** Asks the objects of the meters of a fleet. */
export class Teller {
  readonly #source: TruthSource;
  readonly #meters: TruthMeters;
  readonly #logs: ReadonlySet<string>;
  readonly #objects: readonly AnyObject[];
  /** The profiles with rows that follow from the generator. */
  readonly profiles: readonly AnyObject[];

  private constructor(source: TruthSource, meters: TruthMeters) {
    this.#source = source;
    this.#meters = meters;
    const { logs = source.template.form?.logs ?? {} } = source.template;
    this.#logs = new Set(Object.keys(logs));
    this.#objects = deviceOf(source).objects;
    this.profiles = this.#objects.filter((one) => isComputed(one));
  }

  static async open(source: TruthSource): Promise<Teller> {
    return new Teller(source, await TruthMeters.open(source));
  }

  /** Fault `out-of-range`. */
  meter(index: number): Promise<TruthMeter> {
    return this.#meters.meter(index);
  }

  /** The rows of a profile of a meter in a period, oldest first. */
  async *rows(meter: TruthMeter, profile: AnyObject, { from, to }: Period): AsyncGenerator<TruthRow, undefined> {
    const { byName } = deviceOf(this.#source);
    const columns = columnsOf(meter, profile, (instance) => byName.get(instance));
    const kind = this.#logs.has(profile.instance) ? "event" : "row";
    const { serial, meterId } = meter.row;
    const told = { kind, meter: serial, meterId, instanceId: profile.instance, columns } as const;
    let start = from;
    while (start <= to) {
      const end = endOfSecond(start + partOf(profile));
      const part = { from: start, to: Math.min(to, end) };
      start = end + afterSecond;
      for await (const row of rowsWithin(meter, profile, part)) {
        const at = instantOfRow(row, columns, this.#source.template.zoneMinutesEast);
        if (at !== undefined) yield { ...told, at, row };
      }
    }
  }

  /** Whether a profile has a row of an instant when it is read at that instant. */
  async hasRowOf(meter: TruthMeter, profile: AnyObject, at: number): Promise<boolean> {
    return (await readRange(meter, profile, { from: at, to: at }, at)).length > 0;
  }

  /** The registers of energy and volume at both ends of a period. */
  async *totals(meter: TruthMeter, { from, to }: Period): AsyncGenerator<TruthTotal, undefined> {
    for (const object of this.#objects) {
      if (!isTotal(object)) continue;
      for (const at of from === to ? [to] : [from, to]) yield this.#total(meter, object, at);
    }
  }

  async #total(meter: TruthMeter, { spec, instance }: AnyObject, at: number): Promise<TruthTotal> {
    const attribute = { classId: spec.classId, instanceId: instance, attributeId: bufferAttribute };
    const object = deviceOf(this.#source).byName.get(instance);
    const { scaler, unit } = scalerUnitOf(meter, object, bufferAttribute) ?? { scaler: 0, unit: "none" };
    const { serial, meterId } = meter.row;
    const value = await meter.get(at + meter.clockOffset, attribute);
    return { kind: "total", meter: serial, meterId, ...attribute, at, value, unit, scaler };
  }
}

/** Whether the rows of a profile are computed: a captured profile has a capture method, and one of a single entry shows the present. */
function isComputed({ spec, values, hooks }: AnyObject): boolean {
  return spec.classId === profileClass && hooks.invoke?.capture === undefined && (values.profileEntries as number) > 1;
}

/** The length of a part of a period that surely fits a buffer, or nearly so, ms. */
function partOf({ values }: AnyObject): number {
  const { capturePeriod, profileEntries } = values as { capturePeriod: number; profileEntries: number };
  const period = capturePeriod * secondMs;
  return period > 0 ? Math.max(period, Math.min(longestPart, (period * profileEntries) / 4)) : longestPart;
}

/** The rows of a part of a period, as they are read right after it. If the buffer may have lost some by then, the part is halved. */
async function* rowsWithin(
  meter: TruthMeter,
  profile: AnyObject,
  { from, to }: Period,
): AsyncGenerator<readonly Data[], undefined> {
  const rows = await readRange(meter, profile, { from, to });
  const { profileEntries } = profile.values as { profileEntries: number };
  // A buffer has one more row after the period at most: that of the running month.
  if (rows.length >= profileEntries - 1 && to - from >= 2 * secondMs) {
    const middle = endOfSecond(from + Math.floor((to - from) / 2) - secondMs);
    yield* rowsWithin(meter, profile, { from, to: middle });
    yield* rowsWithin(meter, profile, { from: middle + afterSecond, to });
    return;
  }
  yield* rows;
}

async function readRange(
  meter: TruthMeter,
  { spec, instance }: AnyObject,
  { from, to }: Period,
  now = to + 1,
): Promise<(readonly Data[])[]> {
  const { dataIndex: _, ...whole } = clockColumn();
  const bounds = { from: timeData(from), to: timeData(to), selectedValues: [] };
  const parameters =
    spec.version === 0
      ? dataOf(RangeDescriptor0, { restrictingObject: whole, ...bounds })
      : dataOf(RangeDescriptor, { restrictingObject: clockColumn(), ...bounds });
  const attribute = { classId: spec.classId, instanceId: instance, attributeId: bufferAttribute };
  const buffer = await meter.get(now, attribute, { selector: 1, parameters });
  if (buffer.type !== "array" && buffer.type !== "compact-array") return [];
  return buffer.value.map((row) => (row.type === "structure" ? row.value : [row]));
}

const timeData = (instant: number): Data => ({
  type: "octet-string",
  value: encode(CosemDateTime, dateTimeOf(instant)),
});
