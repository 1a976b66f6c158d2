import type { Identity } from "./identity.ts";

/** Identities that are written as they come. */
export type Identities = Iterable<Identity> | AsyncIterable<Identity>;

/** Characters that a chunk of text has at least, but for the last. */
const chunkLength = 65_536;

const meterColumns = [
  ...["serial", "logicalDeviceName", "systemTitle", "host", "port", "link", "serverAddress", "physicalAddress"],
  ...["meterId", "template", "masterKey", "transport"],
] as const;
const clientColumns = [
  ...["name", "association", "mechanism", "ciphered", "suite", "policy", "password", "passwordHex"],
  ...["encryptionKey", "authenticationKey", "broadcastKey", "invocationCounter"],
] as const;

/** One JSON document, two spaces deep, in chunks of text; the clients of a meter by SAP. It holds keys. */
export function identitiesJson(identities: Identities): AsyncGenerator<string, undefined> {
  return inChunks(jsonPieces(identities));
}

/**
 * A line for each meter, with a line of names before (RFC 4180), in chunks of text; what is a client's is named
 * `client.48.password`. All meters have the clients of the first. It holds keys.
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

function field(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Joins pieces to chunks, so that a file takes one write for many meters. */
async function* inChunks(pieces: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  let chunk = "";
  for await (const piece of pieces) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}
