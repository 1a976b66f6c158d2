import { type Data, Data as DataCodec } from "@dlmskit/apdu";
import { Fault, type Json, stepped } from "@dlmskit/core";
import { csvLines } from "../identities/identities-file.ts";
import { instantOfText } from "../instant-text.ts";
import { type Cell, columnText } from "./cells.ts";

/** A row that a campaign has read. */
export interface CampaignRow {
  readonly kind: "row";
  /** The serial number, the meter id or the logical device name. */
  readonly meter: string;
  /** Logical name of the profile. */
  readonly profile: string;
  /** When it was captured, ms since 1970 UTC, if the form says so; else it follows from the cells. */
  readonly at?: number;
  /** By column, `1.0.1.8.0.255:2`. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** When it was read, ms since 1970 UTC of the time of the meters. */
  readonly received?: number;
  /** The line of the file, from 1. */
  readonly line: number;
}

/** An attribute that a campaign has read. */
export interface CampaignReading {
  readonly kind: "reading";
  readonly meter: string;
  readonly classId?: number;
  readonly instanceId: string;
  readonly attributeId: number;
  readonly at?: number;
  readonly cell: Cell;
  readonly line: number;
}

export type CampaignItem = CampaignRow | CampaignReading;

export interface CampaignOptions {
  /** The meter of lines that name none. */
  readonly meter?: string;
  /** The profile of rows whose header names none. */
  readonly profile?: string;
  /** The zone of times without one, minutes east of UTC: that of the template of the meters. UTC by default. */
  readonly zoneMinutesEast?: number;
}

/**
 * What a campaign has read, line by line. Two forms, told apart by the first line: JSON lines of `dlms profile --json` and `dlms read
 * --json`, and CSV with a line for each value and the columns meter, object, time, column, value and, if wanted, received (the forms that
 * `truthJson` and `truthCsv` write). Fault `bad-campaign`, whose path has the line.
 */
export async function* parseCampaign(
  lines: AsyncIterable<string> | Iterable<string>,
  options: CampaignOptions = {},
): AsyncGenerator<CampaignItem, undefined> {
  let reader: JsonLines | CsvLines | undefined;
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    reader ??= text.trimStart().startsWith("{") ? new JsonLines(options) : new CsvLines(options);
    let items: readonly CampaignItem[];
    try {
      items = reader.read(text, line);
    } catch (caught) {
      throw stepped(caught, `line ${line}`);
    }
    yield* items;
  }
  if (reader !== undefined) yield* reader.end();
}

const bad = (message: string, hint?: string): Fault =>
  new Fault("bad-campaign", message, { layer: "simulator", ...(hint === undefined ? {} : { hint }) });

/** The instant of a time of a line; `name`: its member or column. */
function instantIn(name: string, text: unknown, { zoneMinutesEast = 0 }: CampaignOptions): number | undefined {
  if (text === undefined || text === "") return undefined;
  const instant = typeof text === "string" ? instantOfText(text, zoneMinutesEast) : undefined;
  if (instant !== undefined) return instant;
  const hint = "give a time such as 2026-01-31T18:30:00+05:30, of which the zone is at most 14:00 from UTC";
  throw bad(`${name} ${JSON.stringify(text)} is not a time in ISO 8601`, hint);
}

function named(name: string | undefined, what: string): string {
  if (name !== undefined && name !== "") return name;
  throw bad(`the ${what} is not known`, `give --${what}, or a member "${what}"`);
}

interface JsonLine {
  readonly [name: string]: unknown;
  readonly meter?: string;
  readonly profile?: string;
  readonly columns?: readonly { instanceId: string; attributeId: number; dataIndex?: number }[];
  readonly row?: readonly Json[];
  readonly values?: readonly Json[];
  readonly classId?: number;
  readonly instanceId?: string;
  readonly attributeId?: number;
}

class JsonLines {
  readonly #options: CampaignOptions;
  #head: (Omit<CampaignRow, "cells" | "line"> & { readonly columns: readonly string[] }) | undefined;

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  read(text: string, line: number): readonly CampaignItem[] {
    const parsed = parsedLine(text);
    if (parsed.columns !== undefined) {
      this.#begin(parsed);
      return [];
    }
    if (parsed.row !== undefined || parsed.values !== undefined) return [this.#row(parsed, line)];
    const { classId, instanceId, attributeId = 2, meter = this.#options.meter, at, value } = parsed;
    // A read that failed, or the Fault of a command.
    if (parsed.error !== undefined || parsed.fault !== undefined) return [];
    if (instanceId === undefined || value === undefined) {
      throw bad("this is neither a row, nor the columns of rows, nor an attribute with its value");
    }
    const instant = instantIn("at", at, this.#options);
    return [
      {
        ...{ kind: "reading", meter: named(meter, "meter"), instanceId, attributeId, line },
        ...(classId === undefined ? {} : { classId }),
        ...(instant === undefined ? {} : { at: instant }),
        cell: { data: dataIn(value as Json) },
      },
    ];
  }

  #begin({ columns = [], meter, profile, received }: JsonLine): void {
    const read = instantIn("received", received, this.#options);
    this.#head = {
      ...{ kind: "row", columns: columns.map((one) => columnText(one)) },
      meter: named(meter ?? this.#options.meter, "meter"),
      profile: named(profile ?? this.#options.profile, "profile"),
      ...(read === undefined ? {} : { received: read }),
    };
  }

  #row({ row, values = [], received }: JsonLine, line: number): CampaignRow {
    if (this.#head === undefined) throw bad("rows come after a line with their columns");
    const { columns, ...head } = this.#head;
    const cells = new Map<string, Cell>();
    for (const [at, column] of columns.entries()) {
      if (row === undefined) cells.set(column, { text: textOf(values[at]) });
      else if (row[at] !== undefined) cells.set(column, { data: dataIn(row[at]) });
    }
    const read = instantIn("received", received, this.#options);
    return { ...head, cells, line, ...(read === undefined ? {} : { received: read }) };
  }

  end(): readonly CampaignItem[] {
    return [];
  }
}

function parsedLine(text: string): JsonLine {
  try {
    return JSON.parse(text) as JsonLine;
  } catch {
    throw bad("it is not JSON");
  }
}

function dataIn(json: Json): Data {
  try {
    return DataCodec.fromJson(json);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw bad(`a value is not Data: ${cause.message}`, 'the JSON of a value is {"type": "…", "value": …}');
  }
}

const textOf = (value: Json | undefined): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

const needed = ["meter", "object", "time", "column", "value"] as const;

/** Lines of the values of a row follow each other. */
class CsvLines {
  readonly #options: CampaignOptions;
  #names: readonly string[] | undefined;
  #open: (CampaignRow & { readonly cells: Map<string, Cell> }) | undefined;

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  read(text: string, line: number): readonly CampaignItem[] {
    const fields = csvLines(text).next().value ?? [];
    if (this.#names === undefined) {
      const missing = needed.filter((name) => !fields.includes(name));
      if (missing.length > 0) throw bad(`the first line lacks ${missing.join(", ")}`, `it has ${needed.join(",")}`);
      this.#names = fields;
      return [];
    }
    const cell = (name: string): string => fields[this.#names?.indexOf(name) ?? -1] ?? "";
    const [meter, object, column] = [cell("meter") || (this.#options.meter ?? ""), cell("object"), cell("column")];
    const at = instantIn("time", cell("time"), this.#options);
    if (at === undefined) throw bad("the time is missing");
    const value: Cell = { text: cell("value") };
    const [instanceId, attribute] = column.split(":");
    if (instanceId === object) {
      const attributeId = Number(attribute ?? 2);
      return [
        ...this.end(),
        { kind: "reading", meter: named(meter, "meter"), instanceId, attributeId, at, cell: value, line },
      ];
    }
    const open = this.#open;
    if (open?.meter === meter && open.profile === object && open.at === at && !open.cells.has(column)) {
      open.cells.set(column, value);
      return [];
    }
    const done = this.end();
    const received = instantIn("received", cell("received"), this.#options);
    this.#open = {
      ...{ kind: "row", meter: named(meter, "meter"), profile: object, at, line, cells: new Map([[column, value]]) },
      ...(received === undefined ? {} : { received }),
    };
    return done;
  }

  end(): readonly CampaignItem[] {
    const done = this.#open;
    this.#open = undefined;
    return done === undefined ? [] : [done];
  }
}
