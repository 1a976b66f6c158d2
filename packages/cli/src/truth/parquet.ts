import { Fault } from "@dlmskit/core";
import { cellsOf, type TruthRecord } from "@dlmskit/simulator";

/** Rows of a row group: what is in memory at a time. */
const group = 50_000;

async function* cells(records: AsyncIterable<TruthRecord>): AsyncGenerator<Record<string, unknown>, undefined> {
  for await (const record of records) {
    for (const { at, text, unit, ...cell } of cellsOf(record)) {
      const number = text === "" ? Number.NaN : Number(text);
      yield {
        ...cell,
        time: new Date(at),
        number: Number.isFinite(number) ? number : null,
        text: Number.isFinite(number) || text === "" ? null : text,
        unit: unit === "" ? null : unit,
      };
    }
  }
}

/**
 * Writes records to a Parquet file: a row for each value, with meter, kind, object, time, column, number or text, and unit. Faults
 * `parquet-missing`, `not-written`.
 */
export async function writeParquet(path: string, records: AsyncIterable<TruthRecord>): Promise<void> {
  const { fileWriter, parquetWriteRows } = await import("hyparquet-writer").catch((cause: unknown) => {
    throw new Fault("parquet-missing", "a Parquet file needs the package hyparquet-writer", {
      layer: "cli",
      hint: "npm install hyparquet-writer",
      cause,
    });
  });
  let writer: ReturnType<typeof fileWriter>;
  try {
    writer = fileWriter(path);
  } catch (cause) {
    throw new Fault("not-written", `the file ${path} could not be written`, { layer: "cli", cause });
  }
  const text = (name: string, nullable = false) => ({ name, type: "STRING", nullable }) as const;
  await parquetWriteRows({
    ...{ writer, rows: cells(records), rowGroupSize: group, createdBy: "dlmskit" },
    columns: [
      ...[text("meter"), text("kind"), text("object"), { name: "time", type: "TIMESTAMP", nullable: false } as const],
      ...[
        text("column"),
        { name: "number", type: "DOUBLE", nullable: true } as const,
        text("text", true),
        text("unit", true),
      ],
    ],
  });
}
