import type { LocatedIdentity } from "./identity.ts";

/** Identities that are written as they come. */
export type Identities = Iterable<LocatedIdentity> | AsyncIterable<LocatedIdentity>;

/** Characters that a chunk of text has at least, but for the last. */
const chunkLength = 65_536;

const columns = [
  ...["meterId", "serial", "logicalDeviceName", "systemTitle", "host", "port", "serverAddress", "physicalAddress"],
  ...[
    "template",
    "client",
    "name",
    "association",
    "mechanism",
    "ciphered",
    "suite",
    "policy",
    "password",
    "passwordHex",
  ],
  ...["encryptionKey", "authenticationKey", "broadcastKey", "masterKey", "invocationCounter"],
] as const;

/** One JSON document, two spaces deep, in chunks of text. It holds keys. */
export function identitiesJson(identities: Identities): AsyncGenerator<string, undefined> {
  return inChunks(jsonPieces(identities));
}

/** A line for each client of each meter, with a line of names before (RFC 4180), in chunks of text. It holds keys. */
export function identitiesCsv(identities: Identities): AsyncGenerator<string, undefined> {
  return inChunks(csvPieces(identities));
}

async function* jsonPieces(identities: Identities): AsyncGenerator<string, undefined> {
  let before = "[";
  for await (const identity of identities) {
    yield `${before}\n  ${JSON.stringify(identity, undefined, 2).replaceAll("\n", "\n  ")}`;
    before = ",";
  }
  yield before === "[" ? "[]\n" : "\n]\n";
}

async function* csvPieces(identities: Identities): AsyncGenerator<string, undefined> {
  yield `${columns.join(",")}\r\n`;
  for await (const { clients, ...meter } of identities) {
    let lines = "";
    for (const { password, ...client } of clients) {
      const secret =
        password === undefined ? {} : typeof password === "string" ? { password } : { passwordHex: password.hex };
      const row: Record<string, unknown> = { ...meter, ...client, ...secret };
      lines += `${columns.map((name) => field(row[name])).join(",")}\r\n`;
    }
    yield lines;
  }
}

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
