import type { PushKeys } from "@dlmskit/client";
import { Fault, fromHex, type LinkAddress, toHex } from "@dlmskit/core";
import { readKeysFile, readText } from "../keys-file.ts";
import { csvLines, identitiesFormat } from "../meter/from-identities.ts";
import { warnIfReadable } from "../private-file.ts";

export type KeysOf = (systemTitle: Uint8Array, address: LinkAddress) => PushKeys | undefined;

export interface KeysOptions {
  readonly keys?: string;
  readonly identities?: string;
  readonly ek?: string;
  readonly ak?: string;
}

interface Keys {
  readonly encryptionKey?: Uint8Array | undefined;
  readonly authenticationKey?: Uint8Array | undefined;
  readonly broadcastKey?: Uint8Array | undefined;
  readonly suite?: number | undefined;
}

const usable = ({ encryptionKey, authenticationKey, broadcastKey, suite }: Keys): PushKeys | undefined =>
  encryptionKey === undefined
    ? undefined
    : {
        encryptionKey,
        ...(authenticationKey && { authenticationKey }),
        ...(broadcastKey && { broadcastKey }),
        ...(suite === undefined ? {} : { suite }),
      };

/**
 * Keys for pushes: of one meter or of all (`--ek`, `--ak`, `--keys`), or of each by its system title (`--identities`). Those of the client
 * that a push is addressed to. Faults `no-such-file`, `bad-keys-file`, `bad-identities-file`, `bad-option`.
 */
export function pushKeys({ keys, identities, ek, ak }: KeysOptions): KeysOf {
  if (identities !== undefined) {
    const meters = identitiesByTitle(identities);
    return (title, { client }) => meters.get(toHex(title))?.(client);
  }
  if (ek !== undefined) {
    const given = usable({
      encryptionKey: keyOption(ek),
      authenticationKey: ak === undefined ? undefined : keyOption(ak),
    });
    return () => given;
  }
  if (keys === undefined) return () => undefined;
  const { clients = {} } = readKeysFile(keys);
  return (_, { client }) => usable(clients[client] ?? {});
}

function keyOption(text: string): Uint8Array {
  if (/^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{64})$/.test(text)) return fromHex(text);
  throw new Fault("bad-option", "a key is 16 octets in hex, of suite 2 32", { layer: "cli" });
}

type ByClient = (client: number) => PushKeys | undefined;
interface ClientRow {
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly broadcastKey?: string;
  readonly suite?: number;
}

function keysOfRow({ encryptionKey, authenticationKey, broadcastKey, suite }: ClientRow): PushKeys | undefined {
  const octets = (text: string | undefined): Uint8Array | undefined => (text ? fromHex(text) : undefined);
  return usable({
    encryptionKey: octets(encryptionKey),
    authenticationKey: octets(authenticationKey),
    broadcastKey: octets(broadcastKey),
    suite,
  });
}

function identitiesByTitle(path: string): ReadonlyMap<string, ByClient> {
  const format = identitiesFormat(path);
  const text = readText(path);
  if (text === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
  warnIfReadable(path);
  return format === "csv" ? csvByTitle(text) : jsonByTitle(path, text);
}

function csvByTitle(text: string): ReadonlyMap<string, ByClient> {
  const meters = new Map<string, ByClient>();
  let names: string[] | undefined;
  for (const fields of csvLines(text)) {
    if (names === undefined) {
      names = fields;
      continue;
    }
    const head = names;
    const cell = (name: string): string | undefined => fields[head.indexOf(name)] || undefined;
    const title = cell("systemTitle");
    if (title === undefined) continue;
    meters.set(title.toLowerCase(), (client) => {
      const of = (name: string): string | undefined => cell(`client.${client}.${name}`);
      const [encryptionKey, authenticationKey, broadcastKey, suite] = [
        of("encryptionKey"),
        of("authenticationKey"),
        of("broadcastKey"),
        of("suite"),
      ];
      return keysOfRow({
        ...(encryptionKey === undefined ? {} : { encryptionKey }),
        ...(authenticationKey === undefined ? {} : { authenticationKey }),
        ...(broadcastKey === undefined ? {} : { broadcastKey }),
        ...(suite === undefined ? {} : { suite: Number(suite) }),
      });
    });
  }
  return meters;
}

function jsonByTitle(path: string, text: string): ReadonlyMap<string, ByClient> {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (cause) {
    throw badFile(path, cause);
  }
  if (!Array.isArray(rows)) throw badFile(path);
  type Row = { readonly systemTitle?: string; readonly clients?: { readonly [client: string]: ClientRow | undefined } };
  return new Map(
    (rows as readonly Row[]).flatMap(({ systemTitle, clients = {} }): [string, ByClient][] =>
      systemTitle === undefined ? [] : [[systemTitle.toLowerCase(), (client) => keysOfRow(clients[client] ?? {})]],
    ),
  );
}

const badFile = (path: string, cause?: unknown): Fault =>
  new Fault("bad-identities-file", `${path} is no file of identities`, {
    layer: "cli",
    hint: "give a file that dlms simulate --identities has written",
    cause,
  });
