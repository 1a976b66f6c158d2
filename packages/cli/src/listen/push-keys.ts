import type { PushKeys } from "@dlmskit/client";
import { Fault, fromHex, type LinkAddress, toHex } from "@dlmskit/core";
import { type ClientRow, parseIdentities } from "@dlmskit/simulator";
import { readKeysFile, readText } from "../keys-file.ts";
import { identitiesFormat } from "../meter/from-identities.ts";
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
 * Keys for pushes: the same for all meters (`--ek`, `--ak`, `--keys`), or by the meter's system title (`--identities`). If there are
 * several clients, the keys are those of the client that a push is addressed to.
 * Faults `no-such-file`, `bad-keys-file`, `bad-identities-file`, `bad-option`.
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
  throw new Fault("bad-option", "a key is 16 octets in hex, or 32 octets for suite 2", { layer: "cli" });
}

type ByClient = (client: number) => PushKeys | undefined;
function keysOfRow(row: ClientRow | undefined): PushKeys | undefined {
  const { encryptionKey, authenticationKey, broadcastKey, suite } = row ?? {};
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
  const meters = new Map<string, ByClient>();
  for (const { systemTitle, clients } of parseIdentities(text, format)) {
    if (systemTitle === undefined) continue;
    meters.set(systemTitle.toLowerCase(), (client) => keysOfRow(clients.find((one) => one.client === client)));
  }
  return meters;
}
