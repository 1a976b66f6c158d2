import { Data as DataCodec } from "@dlmskit/apdu";
import type { Unit } from "@dlmskit/cosem-objects";
import { field, inChunks } from "../fleet/identity-text.ts";
import { columnText, plainText, plainValue } from "./cells.ts";
import type { TruthColumn, TruthRecord } from "./records.ts";

const iso = (at: number): string => new Date(at).toISOString();

/**
 * JSON lines, in chunks of text, in the form of `dlms profile --json` and `dlms read --json`: a line with meter, profile and columns before
 * the rows of each profile, and a line for each row and each register.
 */
export function truthJson(records: AsyncIterable<TruthRecord>): AsyncGenerator<string, undefined> {
  return inChunks(jsonPieces(records));
}

async function* jsonPieces(records: AsyncIterable<TruthRecord>): AsyncGenerator<string, undefined> {
  let under: readonly TruthColumn[] | undefined;
  for await (const record of records) {
    if (record.kind === "total") {
      const { kind: _, meterId: __, value, scaler, at, ...rest } = record;
      const values = { value: DataCodec.toJson(value), scaled: plainValue(value, scaler) };
      yield `${JSON.stringify({ ...rest, at: iso(at), ...values })}\n`;
      under = undefined;
      continue;
    }
    const { meter, instanceId, kind, columns, row } = record;
    if (under !== columns) yield `${JSON.stringify({ meter, profile: instanceId, kind, columns })}\n`;
    under = columns;
    const values = row.map((data, at) => plainValue(data, columns[at]?.scaler));
    yield `${JSON.stringify({ row: row.map((data) => DataCodec.toJson(data)), values })}\n`;
  }
}

/** A value of the truth by itself: a cell of a row, or a register. */
export interface TruthCell {
  readonly meter: string;
  readonly kind: TruthRecord["kind"];
  /** The profile or the register. */
  readonly object: string;
  /** ms since 1970 UTC. */
  readonly at: number;
  /** Logical name and attribute of the value. */
  readonly column: string;
  /** In plain form; empty for no value. */
  readonly text: string;
  readonly unit: string;
}

/** The values of records, one by one, in order. */
export function* cellsOf(record: TruthRecord): Generator<TruthCell, undefined> {
  const { meter, kind, instanceId: object, at } = record;
  if (record.kind === "total") {
    const { value, scaler, unit } = record;
    yield { meter, kind, object, at, column: columnText(record), text: plainText(value, scaler), unit: unitText(unit) };
    return;
  }
  for (const [place, column] of record.columns.entries()) {
    const data = record.row[place];
    if (data === undefined) continue;
    const { unit, scaler } = column;
    const shown = { text: plainText(data, scaler), unit: unitText(unit) };
    yield { meter, kind, object, at, column: columnText(column), ...shown };
  }
}

const unitText = (unit: Unit | undefined): string => (unit === undefined || unit === "none" ? "" : String(unit));

/** CSV (RFC 4180), in chunks of text: a line for each value, with meter, kind, object, time, column, value and unit. */
export function truthCsv(records: AsyncIterable<TruthRecord>): AsyncGenerator<string, undefined> {
  return inChunks(csvPieces(records));
}

async function* csvPieces(records: AsyncIterable<TruthRecord>): AsyncGenerator<string, undefined> {
  yield "meter,kind,object,time,column,value,unit\r\n";
  for await (const record of records) {
    for (const { meter, kind, object, at, column, text, unit } of cellsOf(record)) {
      yield `${[meter, kind, object, iso(at), column, text, unit].map(field).join(",")}\r\n`;
    }
  }
}
