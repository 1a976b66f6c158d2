import { Fault } from "@dlmskit/core";
import type { ClientIdentity, Identity } from "../fleet/identity.ts";

/** The known values of one client of a meter. */
export type ClientRow = Pick<ClientIdentity, "client"> & Partial<ClientIdentity>;

/** One meter of an identities file. A file that was written by hand may have fewer columns than `identitiesCsv` writes. */
export type IdentityRow = Pick<Identity, "serial" | "host" | "port" | "link" | "serverAddress"> &
  Partial<Omit<Identity, "clients">> & { readonly clients: readonly ClientRow[] };

/** The format of an identities file. `identitiesCsv` and `identitiesJson` write these formats. */
export type IdentitiesFormat = "csv" | "json";

const bad = (message: string): Fault =>
  new Fault("bad-identities-file", message, {
    layer: "simulator",
    hint: "give a file that was written by dlms simulate --identities",
  });

/** A row of the JSON before it is checked. The clients are keyed by SAP. */
interface RawRow {
  readonly [name: string]: unknown;
  readonly clients?: { readonly [sap: string]: { readonly [name: string]: unknown } };
}

/**
 * The meters of an identities file, one at a time, in the order of the file. Fault `bad-identities-file`: the text does not have that
 * format, or a meter lacks serial, host, port, link or serverAddress.
 */
export function* parseIdentities(text: string, format: IdentitiesFormat): Generator<IdentityRow, undefined> {
  for (const row of rawRows(text, format)) yield checked(row);
}

/** The meter with that serial number; undefined: the file does not contain it. Other rows are not checked. Fault `bad-identities-file`. */
export function findIdentity(text: string, format: IdentitiesFormat, serial: string): IdentityRow | undefined {
  for (const row of rawRows(text, format)) if (row.serial === serial) return checked(row);
  return undefined;
}

const rawRows = (text: string, format: IdentitiesFormat): Iterable<RawRow> =>
  format === "csv" ? csvRows(text) : jsonRows(text);

function jsonRows(text: string): readonly RawRow[] {
  let all: unknown;
  try {
    all = JSON.parse(text);
  } catch {
    // The message of the parser quotes the text, and the text contains secrets.
    throw bad("it is not JSON");
  }
  if (!Array.isArray(all)) throw bad("it is not a list of meters");
  return all.filter((row) => typeof row === "object" && row !== null);
}

function* csvRows(text: string): Generator<RawRow, undefined> {
  let names: readonly string[] | undefined;
  for (const fields of csvLines(text)) {
    if (names === undefined) {
      names = fields;
      continue;
    }
    const row: { [name: string]: unknown } = {};
    const clients: { [sap: string]: { [name: string]: unknown } } = {};
    for (const [at, name] of names.entries()) {
      const value = fields[at];
      if (value === undefined || value === "") continue;
      const [, sap, column] = /^client\.(\d+)\.(\w+)$/.exec(name) ?? [];
      if (sap === undefined || column === undefined) row[name] = value;
      else clients[sap] = { ...clients[sap], ...clientCell(column, value) };
    }
    yield { ...row, clients };
  }
}

function clientCell(column: string, value: string): { readonly [name: string]: unknown } {
  if (column === "passwordHex") return { password: { hex: value } };
  if (column === "ciphered") return { ciphered: value === "true" };
  return { [column]: ["mechanism", "suite", "policy"].includes(column) ? Number(value) : value };
}

/** The fields of each line of a CSV text (RFC 4180). Quoted fields may contain commas, line ends and doubled quotes. */
export function* csvLines(text: string): Generator<string[], undefined> {
  let fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  const whole = text.replace(/^\uFEFF/, "");
  while (field.lastIndex < whole.length) {
    const found = field.exec(whole);
    if (found === null) return;
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === ",") {
      if (field.lastIndex < whole.length) continue;
      fields.push("");
    }
    yield fields;
    fields = [];
  }
}

function checked({ clients = {}, ...row }: RawRow): IdentityRow {
  const { serial, host, port, link, serverAddress, physicalAddress } = row;
  const numbers = { port: Number(port), serverAddress: Number(serverAddress) };
  const wrong =
    typeof serial !== "string" ||
    typeof host !== "string" ||
    (link !== "wrapper" && link !== "hdlc" && link !== "mbus") ||
    !Object.values(numbers).every((number) => Number.isInteger(number) && number > 0);
  if (wrong) throw bad(`meter ${String(serial ?? "without serial")} lacks host, port, link or serverAddress`);
  const physical = physicalAddress === undefined ? {} : { physicalAddress: Number(physicalAddress) };
  return {
    ...(row as unknown as IdentityRow),
    ...numbers,
    ...physical,
    clients: Object.entries(clients).map(([sap, client]) => ({ ...client, client: Number(sap) })),
  };
}
