import type { Identity } from "./identity.ts";

/** Identities that are written one after another, as they are produced. */
export type Identities = Iterable<Identity> | AsyncIterable<Identity>;

/** The minimum number of characters in a chunk of text, except the last chunk. */
const chunkLength = 65_536;

const meterColumns = [
  ...["serial", "logicalDeviceName", "systemTitle", "host", "port", "link", "serverAddress", "physicalAddress"],
  ...["meterId", "template", "masterKey", "transport", "gateway"],
] as const;
const clientColumns = [
  ...["name", "association", "mechanism", "ciphered", "suite", "policy", "password", "passwordHex"],
  ...["encryptionKey", "authenticationKey", "broadcastKey", "invocationCounter"],
] as const;

/** One JSON document, indented by two spaces, in chunks of text. The clients of a meter are keyed by SAP. The text contains keys. */
export function identitiesJson(identities: Identities): AsyncGenerator<string, undefined> {
  return inChunks(jsonPieces(identities));
}

/**
 * One line for each meter after a header line (RFC 4180), in chunks of text. A column of a client has a name like `client.48.password`. All
 * meters must have the clients of the first meter. The text contains keys.
 */
export function identitiesCsv(identities: Identities): AsyncGenerator<string, undefined> {
  return inChunks(csvPieces(identities));
}

async function* jsonPieces(identities: Identities): AsyncGenerator<string, undefined> {
  let before = "[";
  for await (const { clients, ...meter } of identities) {
    const byClient = Object.fromEntries(clients.map(({ client, ...identity }) => [client, identity]));
    const text = JSON.stringify({ ...meter, clients: byClient }, undefined, 2);
    yield `${before}\n  ${text.replaceAll("\n", "\n  ")}`;
    before = ",";
  }
  yield before === "[" ? "[]\n" : "\n]\n";
}

async function* csvPieces(identities: Identities): AsyncGenerator<string, undefined> {
  let clientsThere: readonly number[] | undefined;
  for await (const { clients, ...meter } of identities) {
    if (clientsThere === undefined) {
      clientsThere = clients.map(({ client }) => client);
      yield line([
        ...meterColumns,
        ...clientsThere.flatMap((client) => clientColumns.map((name) => `client.${client}.${name}`)),
      ]);
    }
    const cells: unknown[] = meterColumns.map((name) => (meter as Record<string, unknown>)[name]);
    for (const client of clientsThere) {
      const { password, ...identity } = clients.find((one) => one.client === client) ?? {};
      const secret =
        password === undefined ? {} : typeof password === "string" ? { password } : { passwordHex: password.hex };
      const row: Record<string, unknown> = { ...identity, ...secret };
      cells.push(...clientColumns.map((name) => row[name]));
    }
    yield line(cells);
  }
  if (clientsThere === undefined) yield line(meterColumns);
}

const line = (cells: readonly unknown[]): string => `${cells.map(field).join(",")}\r\n`;

/** A field of CSV; undefined is empty. */
export function field(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Joins pieces into chunks, so that one write to a file covers many meters. */
export async function* inChunks(pieces: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  let chunk = "";
  for await (const piece of pieces) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}
