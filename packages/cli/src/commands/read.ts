import { type Data, Data as DataCodec, fromData, T } from "@dlmskit/apdu";
import type { CellValue, Session } from "@dlmskit/client";
import { type Json, logicalName } from "@dlmskit/core";
import { obisName, type Unit, UnitCodec } from "@dlmskit/cosem-objects";
import type { Command } from "commander";
import { io } from "../io.ts";
import { lineOptions, meterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { readEach } from "../meter/read-each.ts";
import { type ReadoutChoice, readBlock, readoutOptions } from "../meter/readout.ts";
import { namedOf, withClasses } from "../meter/references.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { table } from "../output/table.ts";
import { readableOf } from "../output/texts.ts";
import { unitText, valueText } from "../output/value.ts";

interface Reference {
  readonly classId: number;
  readonly instanceId: string;
  readonly attributeId: number;
}

interface Reading extends Reference {
  readonly name?: string;
  readonly data?: Data;
  readonly error?: string;
  readonly scaler?: number;
  readonly unit?: Unit;
}

const scalerUnit = T.structure({ scaler: T.integer, unit: UnitCodec });
/** For each class with a scaler and unit: its attribute, and the attributes to which it applies. */
const scaled: { readonly [classId: number]: { readonly unit: number; readonly of: readonly number[] } } = {
  3: { unit: 3, of: [2] },
  4: { unit: 3, of: [2] },
  5: { unit: 4, of: [2, 3] },
};
/** The classes whose attribute 2 is shown when no attribute is named. */
const valued = [1, 3, 4, 5, 8];

const numeric = (data: Data | undefined): number | bigint | undefined =>
  data !== undefined && "value" in data && (typeof data.value === "number" || typeof data.value === "bigint")
    ? data.value
    : undefined;

async function readAll(session: Session, references: readonly Reference[]): Promise<Reading[]> {
  const units = references.flatMap(({ classId, instanceId, attributeId }) => {
    const rule = scaled[classId];
    return rule?.of.includes(attributeId) ? [{ classId, instanceId, attributeId: rule.unit }] : [];
  });
  const results = await readEach(session, [...references, ...units]);
  const unitOf = new Map<string, { scaler: number; unit: Unit }>();
  units.forEach(({ instanceId, classId }, at) => {
    const result = results[references.length + at];
    if (result === undefined || !("data" in result)) return;
    try {
      unitOf.set(`${classId}/${instanceId}`, fromData(scalerUnit, result.data));
    } catch {
      // If the unit cannot be read, show the value without one.
    }
  });
  return references.map((reference, at) => {
    const result = results[at];
    const name = obisName(reference.instanceId);
    const base = { ...reference, ...(name === undefined ? {} : { name }) };
    if (result === undefined || !("data" in result)) return { ...base, error: result?.error ?? "other-reason" };
    const { data } = result;
    const unit = numeric(data) === undefined ? undefined : unitOf.get(`${reference.classId}/${reference.instanceId}`);
    const applies = scaled[reference.classId]?.of.includes(reference.attributeId) === true;
    return { ...base, data, ...(applies ? unit : {}) };
  });
}

const scaledValue = ({ data, scaler = 0 }: Reading): CellValue => {
  const number = numeric(data);
  if (number !== undefined) return scaler === 0 ? number : Number(`${number}e${scaler}`);
  if (data === undefined || data.type === "null-data" || data.type === "dont-care") return null;
  const { value } = data;
  return typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array
    ? value
    : data.type === "date-time"
      ? data.value
      : data;
};

function json(reading: Reading, meter: string | undefined): string {
  const { data, error, name, classId, instanceId, attributeId, scaler, unit } = reading;
  const number = numeric(data);
  return `${jsonText({
    ...(meter === undefined ? {} : { meter }),
    ...{ classId, instanceId, attributeId },
    ...(name === undefined ? {} : { name }),
    ...(data === undefined ? { error } : { value: DataCodec.toJson(data) as Json }),
    ...(number !== undefined && unit !== undefined ? { scaled: Number(`${number}e${scaler}`), unit } : {}),
    ...(data === undefined ? {} : readableOf(data)),
  })}\n`;
}

/** A value for the table. A long bit-string is shown as the numbers of the bits that are 1. */
function shown(reading: Reading): string {
  const { data } = reading;
  if (data?.type !== "bit-string" || data.value.length <= 32) return valueText(scaledValue(reading), reading.scaler);
  const set = [...data.value].flatMap((bit, at) => (bit === "1" ? [String(at)] : []));
  return set.length === 0 ? `none of ${data.value.length} bits set` : `bit ${set.join(", ")} of ${data.value.length}`;
}

function people(readings: readonly Reading[]): string {
  return table(
    [{ title: "name" }, { title: "attribute" }, { title: "value", align: "right" }, { title: "unit" }],
    readings.map((reading) => [
      reading.name ?? "",
      `${reading.instanceId}:${reading.attributeId}`,
      reading.error ?? shown(reading),
      unitText(reading.unit),
    ]),
  );
}

async function read(place: string, names: readonly string[], options: ReadoutChoice): Promise<void> {
  if (options.readout === true || options.telegram === true) return readBlock(place, names, options);
  const named = names.map(namedOf);
  using progress = new Progress(options, "reading");
  await using session = await openMeter(place, options, progress);
  let references: readonly Reference[];
  if (named.length > 0) {
    const found = await withClasses(session, named);
    references = found.map(({ classId, instanceId, id }) => ({ classId, instanceId, attributeId: id ?? 2 }));
  } else {
    const { objects } = await session.discover();
    references = objects
      .filter(
        ({ classId, attributes }) =>
          valued.includes(classId) && attributes.some((one) => one.attributeId === 2 && one.readable),
      )
      .map(({ classId, instanceId }) => ({ classId, instanceId: logicalName(instanceId), attributeId: 2 }));
  }
  const readings = references.length === 0 ? [] : await readAll(session, references);
  progress.end();
  io().stdout.write(options.json ? readings.map((one) => json(one, options.meter)).join("") : people(readings));
  if (readings.some(({ error }) => error !== undefined)) io().exitCode = 1;
}

/** `dlms read`: reads attributes, or all values that the client may read. */
export function readCommand(program: Command): void {
  const command = program
    .command("read")
    .description(
      "reads attributes of a meter; if none is named, attribute 2 of every readable Data, register and Clock",
    )
    .argument("<host[:port]>", "address of the meter")
    .argument("[attribute...]", "LN[:ATTRIBUTE] or CLASS/LN[:ATTRIBUTE]; default: attribute 2");
  readoutOptions(lineOptions(meterOptions(command)))
    .addHelpText("after", "\nExample: dlms read 127.0.0.1:4059 1.0.1.8.0.255 --client 48 --auth hls --keys keys.json")
    .action((place: string, names: string[], options: ReadoutChoice) => read(place, names, options));
}
