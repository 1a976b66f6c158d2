import { fromAscii } from "@dlmskit/core";
import type { Random } from "@dlmskit/security";
import type { Association, Secrets } from "@dlmskit/server";
import { badKeys, type ClientKeys, type KeysFile } from "./keys-file.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const keyOctets = 16;
const passwordLength = 16;

/** A random password of letters and digits, each as likely. */
function randomPassword(random: Random): Uint8Array {
  let text = "";
  while (text.length < passwordLength) {
    for (const octet of random(passwordLength)) {
      // What is left of 256 after whole rounds of 62 would make some letters likelier.
      if (octet < letters.length * 4 && text.length < passwordLength) text += letters[octet % letters.length];
    }
  }
  return fromAscii(text);
}

/** The secrets of one association: what the keys file names, the rest random. */
export function secretsFor(
  association: Association,
  keys: KeysFile | undefined,
  masterKey: Uint8Array,
  random: Random,
): Secrets {
  const { mechanism, ciphered } = association.security;
  const given: ClientKeys = keys?.clients?.[association.client] ?? {};
  return {
    ...(mechanism === 0 ? {} : { secret: given.password ?? randomPassword(random) }),
    ...(ciphered || mechanism >= 5
      ? {
          encryptionKey: given.encryptionKey ?? random(keyOctets),
          authenticationKey: given.authenticationKey ?? random(keyOctets),
          ...(given.broadcastKey === undefined ? {} : { broadcastKey: given.broadcastKey }),
          masterKey,
        }
      : {}),
  };
}

/** Whether the file names a key of the client. */
export const hasKeys = (keys: ClientKeys): boolean =>
  keys.encryptionKey !== undefined || keys.authenticationKey !== undefined || keys.broadcastKey !== undefined;

/** What only shows when the file meets the associations. Faults `bad-keys-file`; gives what a person should know. */
export function checkKeys(keys: KeysFile, associations: readonly Association[]): readonly string[] {
  const notices: string[] = [];
  if (keys.masterKey !== undefined && keys.masterKey.length !== keyOctets) {
    throw badKeys("suite 0 has keys of 16 octets", ["masterKey"]);
  }
  for (const [sap, given] of Object.entries(keys.clients ?? {})) {
    const path = ["clients", sap];
    const association = associations.find(({ client }) => client === Number(sap));
    if (association === undefined) throw badKeys("no association is for this client", path);
    for (const name of ["encryptionKey", "authenticationKey", "broadcastKey"] as const) {
      const key = given[name];
      if (key !== undefined && key.length !== keyOctets)
        throw badKeys("suite 0 has keys of 16 octets", [...path, name]);
    }
    const { mechanism, ciphered } = association.security;
    if (mechanism === 2 && given.password !== undefined && given.password.length !== keyOctets) {
      throw badKeys("the secret of mechanism 2 is an AES-128 key: 16 octets", [...path, "password"]);
    }
    if (hasKeys(given) && !ciphered) {
      notices.push(`client ${sap} has keys in the keys file, but its row in client_associations is not ciphered`);
    }
  }
  return notices;
}
